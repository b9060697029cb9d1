// The calls of Pulumi's plugin protocol, answered by a provider.

import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";

import { differenceResponse, withoutIgnored } from "./difference";
import type { EngineLog } from "./engine";
import { InitFailed, Unimplemented } from "./failed";
import {
  type Failure,
  type Known,
  type Provider,
  ProviderError,
  type Resource,
  type Session,
} from "./provider";
import { fromStruct, same, toStruct, type Values } from "./wire";

type Answer = (request: never, ended: AbortSignal) => Promise<unknown>;
type SessionOf = (urn: string, call: AbortSignal) => Session;

/** One function per call; a call that is missing here is answered "not implemented". */
export function calls(
  provider: Provider,
  session: SessionOf,
  cancelled: AbortController,
  log: EngineLog,
): Record<string, (request: unknown, ended: AbortSignal) => Promise<unknown>> {
  // A parameterised provider is asked for resources under the name of what it became.
  let name = provider.name;
  const { likeness } = provider;

  const answers: Record<string, Answer> = {
    async handshake() {
      if (likeness?.noHandshake) throw new Unimplemented(likeness.noHandshake);
      const response = new rpc.ProviderHandshakeResponse();
      // Secrets arrive plain; the engine marks them again by name. Ours leave marked.
      response.setAcceptSecrets(false);
      response.setAcceptResources(false);
      response.setAcceptOutputs(false);
      return response;
    },

    async attach(request: { getAddress(): string }) {
      log.attach(request.getAddress());
      return new Empty();
    },

    async getPluginInfo() {
      const info = new PluginInfo();
      info.setVersion(provider.version);
      return info;
    },

    async parameterize(request: rpc.ParameterizeRequest) {
      const value = request.getValue();
      if (!provider.parameterize || !value) {
        throw new ProviderError(
          `The provider ${provider.name} ${provider.version} takes parameters from an SDK that has them in it` +
            `.${provider.otherwise ? ` ${provider.otherwise}` : ""}`,
        );
      }
      const became = provider.parameterize({
        name: value.getName(),
        version: value.getVersion(),
        value: Buffer.from(value.getValue_asU8()).toString("utf8"),
      });
      name = became.name;
      const response = new rpc.ParameterizeResponse();
      response.setName(became.name);
      response.setVersion(became.version);
      return response;
    },

    async getSchema() {
      if (!provider.schema)
        throw new Unimplemented(`The provider ${provider.name} tells no schema.`);
      const response = new rpc.GetSchemaResponse();
      response.setSchema(JSON.stringify(provider.schema()));
      return response;
    },

    async checkConfig(request: rpc.CheckRequest) {
      const checked = provider.checkConfig?.(fromStruct(request.getNews()));
      const response = new rpc.CheckResponse();
      const inputs = { ...fromStruct(request.getNews()), ...likeness?.addedConfig };
      response.setInputs(toStruct(inputs, likeness?.secretConfig));
      return addFailures(response, checked ?? []);
    },

    async diffConfig(request: rpc.DiffRequest) {
      if (likeness?.diffConfig === "unimplemented") {
        throw new Unimplemented("DiffConfig is not implemented");
      }
      // A provider whose configuration changed is configured anew; its resources stay.
      const olds = fromStruct(request.getOldInputs() ?? request.getOlds());
      const news = fromStruct(request.getNews());
      const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
      const changed = [...keys].filter((key) => key !== "version" && !same(olds[key], news[key]));
      const response = new rpc.DiffResponse();
      if (likeness?.diffConfig === "bridged") return bridgedDiffConfig(response, changed);
      response.setChanges(
        changed.length > 0
          ? rpc.DiffResponse.DiffChanges.DIFF_SOME
          : rpc.DiffResponse.DiffChanges.DIFF_NONE,
      );
      response.setDiffsList(changed);
      return response;
    },

    async configure(request: rpc.ConfigureRequest, ended) {
      const prefix = `${name}:config:`;
      const config: Record<string, string> = {};
      for (const [key, value] of request.getVariablesMap().toArray()) {
        if (key.startsWith(prefix)) config[key.slice(prefix.length)] = value;
      }
      if (provider.greeting) log.later("debug", `The provider ${name} ${provider.greeting}`);
      await provider.configure(config, session("", ended));
      const response = new rpc.ConfigureResponse();
      response.setSupportspreview(true);
      response.setAcceptsecrets(likeness?.accepts?.secrets === true);
      response.setAcceptresources(likeness?.accepts?.resources === true);
      response.setAcceptoutputs(likeness?.accepts?.outputs === true);
      response.setSupportsAutonamingConfiguration(likeness?.accepts?.autonaming === true);
      return response;
    },

    async invoke(request: rpc.InvokeRequest, ended) {
      const lookup = provider.lookups[request.getTok()];
      if (!lookup) throw unknownType("function", request.getTok());
      const result = await lookup.run(fromStruct(request.getArgs()), session("", ended));
      const response = new rpc.InvokeResponse();
      response.setReturn(toStruct(result, lookup.secrets));
      return response;
    },

    async check(request: rpc.CheckRequest) {
      const resource = resourceOf(request);
      const { inputs, failures } = resource.check(
        fromStruct(request.getNews()),
        fromStruct(request.getOlds()),
        { name: nameOf(request), seed: Buffer.from(request.getRandomseed_asU8()) },
      );
      const response = new rpc.CheckResponse();
      response.setInputs(toStruct(inputs, resource.secrets));
      return addFailures(response, failures);
    },

    async diff(request: rpc.DiffRequest) {
      const known = knownOf(request, request.getOldInputs(), request.getOlds());
      const difference = resourceOf(request).diff(known, fromStruct(request.getNews()));
      return differenceResponse(withoutIgnored(difference, request.getIgnorechangesList()));
    },

    async create(request: rpc.CreateRequest, ended) {
      const resource = resourceOf(request);
      const inputs = fromStruct(request.getProperties());
      const response = new rpc.CreateResponse();
      if (request.getPreview()) {
        response.setProperties(toStruct(resource.previewCreate(inputs), resource.secrets));
        response.setId(resource.previewId?.({ name: nameOf(request) }) ?? "");
        return response;
      }
      const about = { urn: request.getUrn(), name: nameOf(request) };
      const made = await keeping(resource, inputs, () =>
        resource.create(about, inputs, session(about.urn, ended)),
      );
      response.setId(made.id);
      response.setProperties(toStruct(made.state, resource.secrets));
      return response;
    },

    async read(request: rpc.ReadRequest, ended) {
      const resource = resourceOf(request);
      const known = knownOf(request, request.getInputs(), request.getProperties());
      const isNew = Object.keys({ ...known.oldInputs, ...known.state }).length === 0;
      if (resource.notImported && isNew) {
        throw new ProviderError(
          `${known.name} (${known.id}) can't be imported: ${resource.notImported}`,
        );
      }
      const found = await resource.read(known, session(known.urn, ended));
      const response = new rpc.ReadResponse();
      if (!found) {
        // Gone: no id, and nothing of it.
        response.setProperties(new Struct());
        response.setInputs(new Struct());
        return response;
      }
      response.setId(found.id);
      response.setProperties(toStruct(found.state, resource.secrets));
      response.setInputs(toStruct(found.inputs, resource.secrets));
      return response;
    },

    async update(request: rpc.UpdateRequest, ended) {
      const resource = resourceOf(request);
      const known = knownOf(request, request.getOldInputs(), request.getOlds());
      const inputs = fromStruct(request.getNews());
      const state = request.getPreview()
        ? resource.previewUpdate(known, inputs)
        : await keeping(resource, inputs, () =>
            resource.update(known, inputs, session(known.urn, ended)),
          );
      const response = new rpc.UpdateResponse();
      response.setProperties(toStruct(state, resource.secrets));
      return response;
    },

    async delete(request: rpc.DeleteRequest, ended) {
      const known = knownOf(request, request.getOldInputs(), request.getProperties());
      await resourceOf(request).delete(known, session(known.urn, ended));
      return new Empty();
    },

    async cancel() {
      cancelled.abort();
      provider.close?.();
      return new Empty();
    },
  };
  return answers as ReturnType<typeof calls>;

  function resourceOf(request: { getUrn(): string; getType(): string }): Resource {
    const type = request.getType() || request.getUrn().split("::").at(-2)?.split("$").pop() || "";
    const resource = provider.resources[type];
    if (!resource) throw unknownType("resource type", type);
    return resource;
  }

  function unknownType(kind: string, token: string): ProviderError {
    const known = [...Object.keys(provider.resources), ...Object.keys(provider.lookups)];
    return new ProviderError(
      `The provider ${provider.name} ${provider.version} does not know the ${kind} ${token}. ` +
        `It knows ${known.join(", ")}.${provider.otherwise ? ` ${provider.otherwise}` : ""}`,
    );
  }
}

/** Runs a create or update; what exists in spite of a failure is told to the engine. */
async function keeping<T>(resource: Resource, inputs: Values, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProviderError && error.partial) {
      throw new InitFailed(error.message, error.partial, inputs, resource.secrets);
    }
    throw error;
  }
}

/** Says which keys changed, and of nothing that they did not. */
function bridgedDiffConfig(
  response: rpc.DiffResponse,
  changed: readonly string[],
): rpc.DiffResponse {
  if (changed.length === 0) return response;
  response.setChanges(rpc.DiffResponse.DiffChanges.DIFF_SOME);
  response.setDiffsList([...changed].sort());
  for (const key of changed) {
    const detail = new rpc.PropertyDiff();
    detail.setKind(rpc.PropertyDiff.Kind.UPDATE);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(key, detail);
  }
  return response;
}

function addFailures(response: rpc.CheckResponse, failures: readonly Failure[]): rpc.CheckResponse {
  for (const { property, reason } of failures) {
    const failure = new rpc.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    response.addFailures(failure);
  }
  return response;
}

function nameOf(request: { getUrn(): string; getName(): string }): string {
  return request.getName() || (request.getUrn().split("::").at(-1) ?? "");
}

function knownOf(
  request: { getId(): string; getUrn(): string; getName(): string },
  inputs: Parameters<typeof fromStruct>[0],
  state: Parameters<typeof fromStruct>[0],
): Known {
  return {
    id: request.getId(),
    urn: request.getUrn(),
    name: nameOf(request),
    oldInputs: fromStruct(inputs),
    state: fromStruct(state),
  };
}

/** Calls in the protocol's own messages, and answers in the form in which they were recorded. */
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";

import { type Json, props, type Props, struct } from "../plugin";
import type { Call } from "./recorded";

const project = "urn:pulumi:sandbox::immich-authentik-sso::";

/** Of which types the resources are that the official side named in errors: by the parents of each. */
const parents: Readonly<Record<string, string>> = {
  "postgresql:index/role:Role":
    "immich-sso:index:ImmichSso$immich-sso:index:ImmichOauthSettings$postgresql:index/role:Role",
};

/** The message of a request. */
export function requestOf({ method, type = "", request }: Call): object {
  const name = String(request["name"] ?? "");
  const of = (key: string): Struct => struct((request[key] ?? {}) as Props);
  const resource = <T extends ResourceRequest>(message: T): T => {
    message.setUrn(`${project}${parents[type] ?? type}::${name}`);
    message.setName(name);
    message.setType(type);
    return message;
  };
  const id = String(request["id"] ?? "");
  const preview = request["preview"] === true;
  switch (method) {
    case "Handshake":
      return new rpc.ProviderHandshakeRequest();
    case "Check":
    case "CheckConfig":
      return resource(new rpc.CheckRequest()).setNews(of("news")).setOlds(of("olds"));
    case "Diff":
    case "DiffConfig":
      return resource(new rpc.DiffRequest())
        .setId(id)
        .setOlds(of("olds"))
        .setNews(of("news"))
        .setOldInputs(of("oldInputs"))
        .setIgnorechangesList((request["ignoreChanges"] ?? []) as string[]);
    case "Create":
      return resource(new rpc.CreateRequest()).setProperties(of("properties")).setPreview(preview);
    case "Read":
      return resource(new rpc.ReadRequest())
        .setId(id)
        .setProperties(of("properties"))
        .setInputs(of("inputs"));
    case "Update":
      return resource(new rpc.UpdateRequest())
        .setId(id)
        .setOlds(of("olds"))
        .setNews(of("news"))
        .setOldInputs(of("oldInputs"))
        .setPreview(preview);
    case "Delete":
      return resource(new rpc.DeleteRequest())
        .setId(id)
        .setProperties(of("properties"))
        .setOldInputs(of("oldInputs"));
    case "Invoke":
      return new rpc.InvokeRequest().setTok(type).setArgs(of("args"));
    default:
      throw new Error(`no message for ${method}`);
  }
}

interface ResourceRequest {
  setUrn(urn: string): unknown;
  setName(name: string): unknown;
  setType(type: string): unknown;
}

const kinds = Object.entries(rpc.PropertyDiff.Kind);

/** An answer as it would have been recorded: what is empty is left out. */
export function answerOf(method: string, response: object): Props {
  const all: Props = {};
  if (response instanceof rpc.CheckResponse) {
    all["inputs"] = props(response.getInputs());
    all["failures"] = response
      .getFailuresList()
      .map((one) => filled({ property: one.getProperty(), reason: one.getReason() }));
  } else if (response instanceof rpc.DiffResponse) {
    const detail = response.getDetaileddiffMap().toArray() as unknown as [string, unknown][];
    all["changes"] = ["", "DIFF_NONE", "DIFF_SOME"][response.getChanges()] ?? "";
    all["diffs"] = response.getDiffsList();
    all["replaces"] = response.getReplacesList();
    all["stables"] = response.getStablesList();
    all["deleteBeforeReplace"] = response.getDeletebeforereplace();
    all["hasDetailedDiff"] = response.getHasdetaileddiff();
    all["detailedDiff"] = Object.fromEntries(
      detail.map(([key, one]) => {
        const [kind = 0, inputDiff = false] = one as [number?, boolean?];
        const name = kinds.find(([, value]) => value === (kind ?? 0))?.[0] ?? "";
        return [key, filled({ kind: name === "ADD" ? "" : name, inputDiff: inputDiff === true })];
      }),
    );
  } else if (response instanceof rpc.ReadResponse) {
    all["id"] = response.getId();
    all["inputs"] = props(response.getInputs());
    all["properties"] = props(response.getProperties());
  } else if (response instanceof rpc.CreateResponse) {
    all["id"] = response.getId();
    all["properties"] = props(response.getProperties());
  } else if (response instanceof rpc.UpdateResponse) {
    all["properties"] = props(response.getProperties());
  } else if (response instanceof rpc.InvokeResponse) {
    all["return"] = props(response.getReturn());
  } else if (response instanceof rpc.ConfigureResponse) {
    all["acceptOutputs"] = response.getAcceptoutputs();
    all["acceptResources"] = response.getAcceptresources();
    all["acceptSecrets"] = response.getAcceptsecrets();
    all["supportsAutonamingConfiguration"] = response.getSupportsAutonamingConfiguration();
    all["supportsPreview"] = response.getSupportspreview();
  } else if (method !== "Delete") throw new Error(`no form for the answer to ${method}`);
  return filled(all);
}

/** Without what the protocol does not send: empty texts and lists, false. */
export function filled(values: Props): Props {
  const empty = (value: Json): boolean =>
    value === "" ||
    value === false ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && !empty(value)),
  );
}

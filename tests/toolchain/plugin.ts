// Drives a stand-in as the engine does: its bundle as a process, gRPC calls, messages collected.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { spawn, type ChildProcess } from "node:child_process";

import * as grpc from "@grpc/grpc-js";
import { build } from "esbuild";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Props = Record<string, Json>;

export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

// Bundling and starting processes takes its time on a machine that has other things to do.
jest.setTimeout(60_000);

const root = path.resolve(__dirname, "../..");
/** A value that came marked as a secret. */
export function secret(value: Json): Json {
  return {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    value,
  };
}

export interface Difference {
  changes: "none" | "some";
  /** The properties that differ, as the engine is told them. */
  names: string[];
  detail: Record<string, string>;
  replaces: string[];
  deleteFirst: boolean;
}

export class Plugin {
  readonly logs: { severity: number; message: string; ephemeral: boolean }[] = [];
  /** Milliseconds from start to the line with the port. */
  startedIn = 0;
  private client!: ResourceProviderClient;
  private process: ChildProcess | undefined;
  private engine!: grpc.Server;
  private folder!: string;

  constructor(private readonly name: "command" | "postgresql" | "random" | "authentik") {}

  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), `provider-${this.name}-`));
    const target = path.join(this.folder, "plugin");
    await build({
      entryPoints: [path.join(root, "toolchain/providers", this.name, "main.ts")],
      outfile: target,
      bundle: true,
      platform: "node",
      target: "node20",
      external: ["cpu-features", "*.node", "pg-native"],
      logLevel: "silent",
    });
    this.engine = new grpc.Server();
    this.engine.addService(EngineService, {
      log: (call: { request: LogRequest }, callback: grpc.sendUnaryData<Empty>) => {
        this.logs.push({
          severity: call.request.getSeverity(),
          message: call.request.getMessage(),
          ephemeral: call.request.getEphemeral(),
        });
        callback(null, new Empty());
      },
      getRootResource: () => {},
      setRootResource: () => {},
    } as unknown as grpc.UntypedServiceImplementation);
    const enginePort = await new Promise<number>((resolve, reject) =>
      this.engine.bindAsync(
        "127.0.0.1:0",
        grpc.ServerCredentials.createInsecure(),
        (error, port) => (error ? reject(error) : resolve(port)),
      ),
    );
    const began = Date.now();
    const child = spawn(process.execPath, [target, `127.0.0.1:${enginePort}`], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    });
    this.process = child;
    const port = await new Promise<string>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the plugin ended with ${code}`)));
      child.stdout.once("data", (line: Buffer) => resolve(line.toString().trim()));
    });
    this.startedIn = Date.now() - began;
    this.client = new ResourceProviderClient(
      `127.0.0.1:${port}`,
      grpc.credentials.createInsecure(),
    );
  }

  async stop(): Promise<void> {
    const child = this.process;
    if (!child) return;
    this.client?.close();
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.stdin?.end();
    await ended;
    this.engine.forceShutdown();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** As the engine: a plugin that has no handshake is gone on with. */
  async handshake(): Promise<void> {
    await this.call("handshake", new rpc.ProviderHandshakeRequest()).catch(
      (error: grpc.ServiceError) => {
        if (error.code !== grpc.status.UNIMPLEMENTED) throw error;
      },
    );
  }

  async parameterize(name: string, version: string, value: string): Promise<string> {
    const request = new rpc.ParameterizeRequest();
    const given = new rpc.ParameterizeRequest.ParametersValue();
    given.setName(name);
    given.setVersion(version);
    given.setValue(Buffer.from(value));
    request.setValue(given);
    const response = await this.call<rpc.ParameterizeResponse>("parameterize", request);
    return `${response.getName()} ${response.getVersion()}`;
  }

  async configure(pkg: string, config: Record<string, string>): Promise<rpc.ConfigureResponse> {
    const request = new rpc.ConfigureRequest();
    for (const [key, value] of Object.entries(config)) {
      request.getVariablesMap().set(`${pkg}:config:${key}`, value);
    }
    request.setArgs(struct(config));
    return this.call("configure", request);
  }

  async check(
    type: string,
    news: Props,
    olds: Props = {},
  ): Promise<{ inputs: Props; failures: string[] }> {
    const request = about(new rpc.CheckRequest(), type);
    request.setNews(struct(news));
    request.setOlds(struct(olds));
    request.setRandomseed(Buffer.alloc(32, 7));
    const response = await this.call<rpc.CheckResponse>("check", request);
    return {
      inputs: props(response.getInputs()),
      failures: response.getFailuresList().map((failure) => failure.getReason()),
    };
  }

  async create(
    type: string,
    inputs: Props,
    preview = false,
  ): Promise<{ id: string; state: Props }> {
    const request = about(new rpc.CreateRequest(), type);
    request.setProperties(struct(inputs));
    request.setPreview(preview);
    const response = await this.call<rpc.CreateResponse>("create", request);
    return { id: response.getId(), state: props(response.getProperties()) };
  }

  async diff(
    type: string,
    id: string,
    olds: { inputs: Props; state: Props },
    news: Props,
    ignore: string[] = [],
  ): Promise<Difference> {
    const request = about(new rpc.DiffRequest(), type);
    request.setId(id);
    request.setOldInputs(struct(olds.inputs));
    request.setOlds(struct(olds.state));
    request.setNews(struct(news));
    request.setIgnorechangesList(ignore);
    const response = await this.call<rpc.DiffResponse>("diff", request);
    const kinds = Object.fromEntries(
      Object.entries(rpc.PropertyDiff.Kind).map(([name, value]) => [value, name]),
    );
    return {
      changes: response.getChanges() === rpc.DiffResponse.DiffChanges.DIFF_SOME ? "some" : "none",
      names: response.getDiffsList(),
      detail: Object.fromEntries(
        response
          .getDetaileddiffMap()
          .toArray()
          .map(([key, value]) => [key, kinds[(value as unknown as [number])[0] ?? 0] ?? "ADD"]),
      ),
      replaces: response.getReplacesList(),
      deleteFirst: response.getDeletebeforereplace(),
    };
  }

  async update(
    type: string,
    id: string,
    olds: { inputs: Props; state: Props },
    news: Props,
    preview = false,
  ): Promise<Props> {
    const request = about(new rpc.UpdateRequest(), type);
    request.setId(id);
    request.setOldInputs(struct(olds.inputs));
    request.setOlds(struct(olds.state));
    request.setNews(struct(news));
    request.setPreview(preview);
    return props((await this.call<rpc.UpdateResponse>("update", request)).getProperties());
  }

  async read(
    type: string,
    id: string,
    olds?: { inputs: Props; state: Props },
  ): Promise<{ id: string; inputs: Props; state: Props }> {
    const request = about(new rpc.ReadRequest(), type);
    request.setId(id);
    if (olds) {
      request.setInputs(struct(olds.inputs));
      request.setProperties(struct(olds.state));
    }
    const response = await this.call<rpc.ReadResponse>("read", request);
    return {
      id: response.getId(),
      inputs: props(response.getInputs()),
      state: props(response.getProperties()),
    };
  }

  async delete(type: string, id: string, olds: { inputs: Props; state: Props }): Promise<void> {
    const request = about(new rpc.DeleteRequest(), type);
    request.setId(id);
    request.setOldInputs(struct(olds.inputs));
    request.setProperties(struct(olds.state));
    await this.call("delete", request);
  }

  async invoke(token: string, args: Props): Promise<Props> {
    const request = new rpc.InvokeRequest();
    request.setTok(token);
    request.setArgs(struct(args));
    return props((await this.call<rpc.InvokeResponse>("invoke", request)).getReturn());
  }

  /** What a create or update left behind when it failed. */
  async failureOf(
    work: Promise<unknown>,
  ): Promise<{ id: string; state: Props; reasons: string[] }> {
    const error = await work.then(
      () => {
        throw new Error("it did not fail");
      },
      (reason: grpc.ServiceError) => reason,
    );
    const bytes = error.metadata.get("grpc-status-details-bin")[0] as Buffer;
    const detail = Status.deserializeBinary(bytes).getDetailsList()[0]?.getValue_asU8();
    const failed = rpc.ErrorResourceInitFailed.deserializeBinary(detail ?? new Uint8Array());
    return {
      id: failed.getId(),
      state: props(failed.getProperties()),
      reasons: failed.getReasonsList(),
    };
  }

  /** A call in the protocol's own messages. */
  raw(method: string, request: object): Promise<object> {
    return this.call(method, request);
  }

  cancel(): Promise<Empty> {
    return this.call("cancel", new Empty());
  }

  private call<T>(method: string, request: unknown): Promise<T> {
    const client = this.client as unknown as Record<
      string,
      (request: unknown, callback: (error: grpc.ServiceError | null, response: T) => void) => void
    >;
    return new Promise((resolve, reject) =>
      client[method]?.call(this.client, request, (error, response) =>
        error ? reject(error) : resolve(response),
      ),
    );
  }
}

/** Runs it and gives back the message it fails with. */
export async function messageOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as grpc.ServiceError).details;
  }
  throw new Error("it did not fail");
}

function about<
  T extends {
    setUrn(urn: string): unknown;
    setName(name: string): unknown;
    setType(type: string): unknown;
  },
>(request: T, type: string): T {
  request.setUrn(`urn:pulumi:test::project::${type}::thing`);
  request.setName("thing");
  request.setType(type);
  return request;
}

/** Properties as the engine sends them to a plugin that takes no secrets. */
export function struct(values: Props): Struct {
  return Struct.fromJavaScript(plain(values) as Parameters<typeof Struct.fromJavaScript>[0]);
}

/** As the engine sends it to a plugin that takes no secrets. */
function plain(value: Json): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if ("4dabf18193072939515e22adb298388d" in value) return plain(value["value"] ?? null);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** Properties as they came. */
export function props(struct: Struct | undefined): Props {
  return (struct?.toJavaScript() ?? {}) as Props;
}

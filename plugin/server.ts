// Carries a provider over Pulumi's plugin protocol: gRPC on a loopback port, the port on the first line
// of standard output. One of these runs per provider for as long as the engine does.

import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";

import { exitWithEngine } from "./lifetime";
import { calls } from "./calls";
import { EngineLog } from "./engine";
import { failed } from "./failed";
import type { Provider, Session } from "./provider";

/** How large a message may be: the engine allows 400 MiB. */
const maxMessageBytes = 400 * 1024 * 1024;

/** A running provider. */
export interface Served {
  /** The loopback port it listens on. */
  readonly port: number;
  /** Stops listening and gives up what is under way. */
  close(): void;
}

/**
 * Serves a provider on a free loopback port.
 *
 * @param engineAddress Where to send messages for the user; undefined: nowhere.
 */
export async function serve(provider: Provider, engineAddress?: string): Promise<Served> {
  const log = new EngineLog(engineAddress);
  const cancelled = new AbortController();
  const session = (urn: string, call: AbortSignal): Session => ({
    engine: engineAddress ?? "",
    signal: AbortSignal.any([cancelled.signal, call]),
    log: (severity, message, ephemeral = false) => log.write(severity, message, urn, ephemeral),
  });

  const server = new grpc.Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
  });
  const handlers: grpc.UntypedServiceImplementation = {};
  for (const [name, answer] of Object.entries(calls(provider, session, cancelled, log))) {
    handlers[name] = (
      call: grpc.ServerUnaryCall<unknown, unknown>,
      callback: grpc.sendUnaryData<unknown>,
    ) => {
      const ended = new AbortController();
      call.on("cancelled", () => ended.abort());
      answer(call.request, ended.signal).then(
        async (response) => {
          await log.flushed();
          callback(null, response);
        },
        async (error: unknown) => {
          await log.flushed();
          callback(failed(error));
        },
      );
    };
  }
  server.addService(ResourceProviderService, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    port,
    close: () => {
      cancelled.abort();
      provider.close?.();
      server.forceShutdown();
    },
  };
}

/**
 * Runs a provider as the engine runs plugins: the engine's address is the last argument.
 *
 * @param outlivesMs how long it stays when the engine was killed, in milliseconds. Default: 0.
 */
export async function main(provider: Provider, outlivesMs = 0): Promise<void> {
  const address = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
  const served = await serve(provider, address);
  exitWithEngine(() => served.close(), outlivesMs);
  process.stdout.write(`${served.port}\n`);
}

// The way back to the engine: messages for the person at the terminal.

import { credentials } from "@grpc/grpc-js";
import type { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";

/** How loud a message is; debug messages show with `pulumi … --debug` only. */
export type Severity = "debug" | "info" | "warning" | "error";

/** How long a message waits that nobody waits for, in milliseconds. */
const idleMs = 1_000;

/** Sends messages to the engine at a given address. Never throws: a lost message fails nothing. */
export class EngineLog {
  private client: EngineClient | undefined;
  private pending: Promise<void> = Promise.resolve();
  private readonly idle: [Severity, string][] = [];

  /** @param address The engine's address, as it is given to a plugin when it is started. */
  constructor(private address: string | undefined) {}

  /** Points at another engine (a provider that the engine attached to). */
  attach(address: string): void {
    this.address = address;
    this.client = undefined;
  }

  /** Shows a message beside the resource. `ephemeral`: only while it is being worked on. */
  write(severity: Severity, message: string, urn = "", ephemeral = false): void {
    this.writeIdle();
    this.pending = this.pending.then(() => this.send(severity, message, urn, ephemeral));
  }

  /**
   * Shows a message that nobody waits for: with the next one, or after a while. Talking to the engine at
   * all costs some milliseconds, and a run of a second has better uses for them.
   */
  later(severity: Severity, message: string): void {
    this.idle.push([severity, message]);
    setTimeout(() => this.writeIdle(), idleMs).unref();
  }

  /** Resolves when everything written so far has been sent, in order. */
  flushed(): Promise<void> {
    return this.pending;
  }

  private writeIdle(): void {
    for (const [severity, message] of this.idle.splice(0)) this.write(severity, message);
  }

  private async send(severity: Severity, message: string, urn: string, ephemeral: boolean) {
    if (!this.address) return;
    // Loaded late: most runs of most providers have nothing to say.
    const { LogRequest, LogSeverity } = (await import("@pulumi/pulumi/proto/engine_pb.js")).default;
    const { EngineClient } = (await import("@pulumi/pulumi/proto/engine_grpc_pb.js")).default;
    const client = (this.client ??= new EngineClient(this.address, credentials.createInsecure()));
    const request = new LogRequest();
    const severities = {
      debug: LogSeverity.DEBUG,
      info: LogSeverity.INFO,
      warning: LogSeverity.WARNING,
      error: LogSeverity.ERROR,
    };
    request.setSeverity(severities[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    await new Promise<void>((resolve) => client.log(request, () => resolve()));
  }
}

import type { Duplex } from "node:stream";

import { Client, ClientChannel } from "ssh2";

import { SshChannel } from "./channel";
import { SshError, textOf } from "./errors";
import { type ExecResult, run } from "./exec";
import { SshTimeouts, addressOf } from "./target";

/** A logged-in SSH connection; carries any number of channels at once. */
export interface SshConnection {
  /** `user@host:port`, for messages. */
  readonly name: string;
  /**
   * Opens a TCP connection from the server to `host:port`.
   *
   * @throws SshError `forwarding` when the server forwards nothing, `channel` when it could not connect, `timeout`, `lost`
   */
  channel(host: string, port: number, timeoutMs?: number): Promise<SshChannel>;
  /**
   * Runs a command through the user's shell there. `stdin` is sent and closed; nothing of it shows in any message.
   *
   * @throws SshError `exec`, `timeout` or `lost`; a command that fails is no error but a `code`
   */
  exec(command: string, opts?: { stdin?: string; timeoutMs?: number }): Promise<ExecResult>;
  /** Ends the connection and every channel on it. */
  close(): void;
}

/** A socket below an SSH connection: TCP, or a channel of the jump host's connection. */
export type Carrier = Duplex & {
  readonly bytesRead: number;
  ref(): unknown;
  unref(): unknown;
};

/**
 * The connection behind `connect`. It keeps the process alive while a channel is open or a command runs, and not
 * otherwise; it finds out when the other side is gone.
 */
export class OpenConnection implements SshConnection {
  readonly #client: Client;
  readonly #socket: Carrier;
  readonly #limits: SshTimeouts;
  readonly #deathWatch: (() => void)[] = [];
  #holds = 0;
  #unanswered = 0;
  #closing = false;
  #death: SshError | undefined;

  /** Called whenever the last channel or command has ended. */
  onIdle: () => void = () => undefined;

  constructor(
    client: Client,
    socket: Carrier,
    readonly name: string,
    limits: SshTimeouts,
  ) {
    this.#client = client;
    this.#socket = socket;
    this.#limits = limits;
    const pulse = setInterval(() => this.#pulse(), limits.keepAliveMs).unref();
    client.on("error", (error) => this.#die(`: ${textOf(error)}`));
    client.on("close", () => {
      clearInterval(pulse);
      this.#die("");
    });
    socket.unref();
  }

  /** Why the connection ended; undefined while it lives. */
  get death(): SshError | undefined {
    return this.#death;
  }

  /** Whether a channel is open or a command runs. */
  get busy(): boolean {
    return this.#holds > 0;
  }

  /** Calls `told` once the connection has ended. */
  onDeath(told: () => void): void {
    if (this.#death) told();
    else this.#deathWatch.push(told);
  }

  hold(): void {
    if (this.#holds++ === 0) this.#socket.ref();
  }

  release(): void {
    if (--this.#holds > 0) return;
    this.#socket.unref();
    this.onIdle();
  }

  async channel(host: string, port: number, timeoutMs?: number): Promise<SshChannel> {
    const address = addressOf(host, port);
    return this.request<ClientChannel, SshChannel>(
      `opening a connection to ${address}`,
      timeoutMs ?? this.#limits.channelMs,
      (done) => this.#client.forwardOut("127.0.0.1", 0, host, port, done),
      (inner) => new SshChannel(inner, this),
      (error) => channelRefused(this.name, address, error),
      (late) => late.close(),
    );
  }

  async exec(
    command: string,
    opts: { stdin?: string; timeoutMs?: number } = {},
  ): Promise<ExecResult> {
    return this.request<ClientChannel, ExecResult>(
      "starting a command",
      this.#limits.channelMs,
      (done) => this.#client.exec(command, done),
      (channel) => {
        this.hold();
        const timeoutMs = opts.timeoutMs ?? this.#limits.execMs;
        return run(channel, this, opts.stdin, timeoutMs).finally(() => this.release());
      },
      (error) =>
        new SshError(
          "exec",
          `SSH to ${this.name}: the server did not start a command (${textOf(error)})`,
          `may this user run commands there (ForceCommand, a shell of nologin, MaxSessions)?`,
        ),
      (late) => late.close(),
    );
  }

  /** Asks for a sign of life. False, and the connection is dead, when none comes in `timeoutMs`. */
  async alive(timeoutMs: number): Promise<boolean> {
    if (this.#death) return false;
    try {
      await this.request<void, void>(
        "asking for a sign of life",
        timeoutMs,
        (done) => this.#ping(() => done(undefined, undefined)),
        () => undefined,
        (error) => error,
        () => undefined,
      );
    } catch {
      this.#giveUp(`no sign of life in ${timeoutMs / 1000} s`);
    }
    return this.#death === undefined;
  }

  close(): void {
    if (this.#closing || this.#death) return;
    this.#closing = true;
    this.#client.end();
    setTimeout(() => this.#socket.destroy(), 1_000).unref();
  }

  /**
   * One request to the server with a time-out; holds the process meanwhile.
   *
   * @param take makes something of the answer at once: when a short command is done, its answer, output and end come in one
   *   packet, and ssh2 tells of all of them before a promise could say that it was answered
   * @param late what to do with an answer that comes after the time-out
   */
  private request<A, T>(
    what: string,
    timeoutMs: number,
    ask: (done: (error: Error | undefined, answer: A) => void) => void,
    take: (answer: A) => T | Promise<T>,
    explain: (error: Error) => Error,
    late: (answer: A) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#death) return reject(this.#death);
      let over = false;
      this.hold();
      const finish = () => {
        over = true;
        clearTimeout(timer);
        this.release();
      };
      const timer = setTimeout(() => {
        finish();
        reject(
          new SshError(
            "timeout",
            `SSH to ${this.name}: ${what} got no answer in ${timeoutMs / 1000} s`,
            `try again; a server under load or a dropped network is the usual cause`,
          ),
        );
      }, timeoutMs);
      const done = (error: Error | undefined, answer: A) => {
        if (over) return error ? undefined : late(answer);
        if (error) reject(this.#death ?? explain(error));
        else resolve(take(answer));
        finish();
      };
      try {
        ask(done);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)), undefined as never);
      }
    });
  }

  /**
   * A harmless question that every server answers, if only with no: to take back a forwarding that was never asked for.
   * (ssh2's own keep-alive has a timer that keeps the process from ending.)
   */
  #ping(answered: () => void): void {
    this.#client.unforwardIn("127.0.0.1", 0, answered);
  }

  #pulse(): void {
    if (this.#death) return;
    if (this.#unanswered >= this.#limits.keepAliveMax) {
      const seconds = (this.#limits.keepAliveMs * this.#limits.keepAliveMax) / 1000;
      return this.#giveUp(`no sign of life for ${seconds} s`);
    }
    this.#unanswered++;
    try {
      this.#ping(() => (this.#unanswered = 0));
    } catch {
      // The socket is on its way out: its close event tells the story.
    }
  }

  #giveUp(why: string): void {
    this.#die(`: ${why}`);
    this.#socket.destroy();
  }

  #die(why: string): void {
    if (this.#death) return;
    this.#death = this.#closing
      ? new SshError("lost", `SSH to ${this.name}: the connection was closed here`)
      : new SshError(
          "lost",
          `SSH to ${this.name}: the connection was lost${why}`,
          `run the command again; it goes on where it was`,
        );
    for (const told of this.#deathWatch) told();
  }
}

/** Why a TCP connection from the server could not be made, and what to do. */
function channelRefused(
  name: string,
  address: string,
  error: Error & { reason?: unknown },
): SshError {
  const words = textOf(error).replace(/^\(SSH\) Channel open failure: /, "");
  // RFC 4254, section 5.1: 1 = administratively prohibited
  if (error.reason === 1 || /administratively prohibited/i.test(words)) {
    return new SshError(
      "forwarding",
      `SSH to ${name}: the server forbids TCP forwarding to ${address} (${words})`,
      `allow it for this user there, in /etc/ssh/sshd_config:\n` +
        `        Match User ${name.split("@")[0] ?? ""}\n          AllowTcpForwarding local\n` +
        `        (PermitOpen and DisableForwarding may stand in the way too), then: sudo systemctl reload ssh`,
    );
  }
  return new SshError(
    "channel",
    `SSH to ${name}: connected, but from there ${address} cannot be reached (${words})`,
    `does the service listen there? On the server: nc -vz ${address.replace(/[[\]]/g, "").replace(/:(\d+)$/, " $1")}`,
    words,
  );
}

/**
 * A proxy in front of PostgreSQL that understands the framing of its protocol (version 3), and can break a conversation at
 * any message: before it is passed on, or right after.
 */
import { type AddressInfo, createServer, connect, type Server, type Socket } from "node:net";

/** One message of a conversation. */
export interface WireMessage {
  readonly from: "client" | "server";
  /** How many messages came from that side before it, in its session. */
  readonly index: number;
  /** The protocol's own type letter; `startup` for the first one. */
  readonly type: string;
  /** The beginning of its SQL, or of a command tag; empty for others. */
  readonly text: string;
}

/** Where a conversation breaks, and how. */
export interface WireFault {
  readonly from: "client" | "server";
  readonly index: number;
  /** `before`: the message is not passed on any more. `after`: it is, and nothing after it. */
  readonly moment: "before" | "after";
  /**
   * `cut` resets both ends; `stall` keeps both open and silent, as a network does that swallows everything; `hold` does the
   * same until the client is gone; `terminate` has PostgreSQL end the session; `kill` kills its server process, which says
   * nothing more; `restart` restarts all of PostgreSQL.
   */
  readonly how: "cut" | "stall" | "hold" | "terminate" | "kill" | "restart";
  /** In how many sessions. Default: in each. */
  readonly times?: number;
}

/** What happened in the sessions since the last `reset`. */
export interface WireRecord {
  /** Messages of the first session, in the order they came. */
  readonly messages: WireMessage[];
  /** How many times the fault struck. */
  struck: number;
  /** A COMMIT was passed on to the server. */
  commitPassedOn: boolean;
  /** The server said COMMIT was done. */
  commitDone: boolean;
}

/** The proxy. */
export interface Wire {
  readonly port: number;
  /** What happened since the last `reset`. */
  readonly record: WireRecord;
  /** Ends all sessions, forgets, and breaks the next ones as `fault` says. */
  reset(fault?: WireFault): void;
  /** Leaves the next sessions, and those that go on, in peace. What is broken stays so. */
  disarm(): void;
  /** Resolves when the fault has struck. */
  struck(): Promise<void>;
  /** Resolves when what was done to the server is over. @throws Error when it could not be done */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** The server behind the proxy, and what can be done to it. */
export interface WireServer {
  readonly port: number;
  /** Has PostgreSQL end the session of the server process with this id. */
  terminate(pid: number): Promise<void>;
  /** Kills that process, and waits until the server has recovered. */
  kill(pid: number): Promise<void>;
  /** Ends the whole server and starts it again. */
  restart(): Promise<void>;
}

/** Starts a proxy on a free port of loopback. */
export async function startWire(server: WireServer): Promise<Wire> {
  const wire = new Proxy(server);
  await wire.listen();
  return wire;
}

class Proxy implements Wire {
  port = 0;
  record = emptyRecord();
  private fault: WireFault | undefined;
  private blow: Promise<void> = Promise.resolve();
  private readonly sessions = new Set<Session>();
  private waiting: (() => void)[] = [];
  private readonly listener: Server;

  constructor(readonly server: WireServer) {
    this.listener = createServer((client) => {
      const isFirst = this.record.messages.length === 0;
      const session = new Session(client, connect(server.port, "127.0.0.1"), this, isFirst);
      this.sessions.add(session);
      session.onEnd = () => this.sessions.delete(session);
    });
  }

  listen(): Promise<void> {
    return new Promise((done) =>
      this.listener.listen(0, "127.0.0.1", () => {
        this.port = (this.listener.address() as AddressInfo).port;
        done();
      }),
    );
  }

  reset(fault?: WireFault): void {
    for (const session of this.sessions) session.cut();
    this.record = emptyRecord();
    this.fault = fault;
    this.waiting = [];
  }

  disarm(): void {
    this.fault = undefined;
  }

  /** The fault, if it is due at this message and moment; counted as having struck. */
  due(message: WireMessage, moment: "before" | "after"): WireFault | undefined {
    const { fault, record } = this;
    if (!fault || fault.moment !== moment) return undefined;
    if (fault.from !== message.from || fault.index !== message.index) return undefined;
    if (fault.times !== undefined && record.struck >= fault.times) return undefined;
    record.struck += 1;
    for (const told of this.waiting.splice(0)) told();
    return fault;
  }

  async struck(): Promise<void> {
    if (this.record.struck > 0) return;
    await new Promise<void>((done) => this.waiting.push(done));
  }

  settled(): Promise<void> {
    return this.blow;
  }

  /** Does something to the server; `settled` tells when it is over. */
  hit(how: "terminate" | "kill" | "restart", pid: number): void {
    this.blow = how === "restart" ? this.server.restart() : this.server[how](pid);
    this.blow.catch(() => undefined); // told to whoever waits for it
  }

  async stop(): Promise<void> {
    await new Promise<void>((done) => {
      this.listener.close(() => done());
      this.reset();
    });
  }
}

/** One conversation. */
class Session {
  onEnd: () => void = () => undefined;
  private pid = 0;
  private silent: "stall" | "hold" | undefined;

  constructor(
    private readonly client: Socket,
    private readonly backend: Socket,
    private readonly proxy: Proxy,
    private readonly isFirst: boolean,
  ) {
    for (const socket of [client, backend]) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
    }
    const fromClient = new Framer(true);
    const fromServer = new Framer(false);
    client.on("data", (data) => this.pass(fromClient.take(data), "client"));
    backend.on("data", (data) => this.pass(fromServer.take(data), "server"));
    client.on("close", () => this.silent === "stall" || this.end());
    backend.on("close", () => this.silent !== undefined || this.end());
  }

  cut(): void {
    this.client.resetAndDestroy();
    this.backend.resetAndDestroy();
    this.onEnd();
  }

  private end(): void {
    this.client.destroy();
    this.backend.destroy();
    this.onEnd();
  }

  private pass(messages: readonly Framed[], from: "client" | "server"): void {
    for (const framed of messages) {
      if (this.silent || this.client.destroyed || this.backend.destroyed) return;
      const message = { ...framed.message, from };
      const { record } = this.proxy;
      if (this.isFirst) record.messages.push(message);
      if (message.type === "K") this.pid = framed.bytes.readUInt32BE(5);
      if (from === "server" && /^COMMIT/.test(message.text)) record.commitDone = true;
      const before = this.proxy.due(message, "before");
      if (before && this.strike(before)) return;
      if (from === "client" && /^COMMIT/.test(message.text)) record.commitPassedOn = true;
      const target = from === "client" ? this.backend : this.client;
      target.write(framed.bytes);
      const after = this.proxy.due(message, "after");
      if (after) {
        // The bytes leave first: a reset would take them back.
        if (after.how === "cut") return void setTimeout(() => this.cut(), 5);
        if (this.strike(after)) return;
      }
    }
  }

  /** Does it. True: nothing more is passed on. */
  private strike(fault: WireFault): boolean {
    if (fault.how === "cut") this.cut();
    else if (fault.how === "stall" || fault.how === "hold") this.silent = fault.how;
    else this.proxy.hit(fault.how, this.pid);
    return fault.how !== "terminate";
  }
}

interface Framed {
  readonly message: Omit<WireMessage, "from">;
  readonly bytes: Buffer;
}

/** Cuts a stream into messages. */
class Framer {
  private rest: Buffer = Buffer.alloc(0);
  private count = 0;

  /** @param untyped the first message has no type letter */
  constructor(private untyped: boolean) {}

  take(data: Buffer): Framed[] {
    this.rest = Buffer.concat([this.rest, data]);
    const framed: Framed[] = [];
    for (;;) {
      const head = this.untyped ? 0 : 1;
      if (this.rest.length < head + 4) return framed;
      const length = head + this.rest.readUInt32BE(head);
      if (this.rest.length < length) return framed;
      const bytes = this.rest.subarray(0, length);
      const type = this.untyped ? "startup" : String.fromCharCode(bytes[0] ?? 0);
      framed.push({ message: { index: this.count++, type, text: textOf(type, bytes) }, bytes });
      this.rest = this.rest.subarray(length);
      this.untyped = false;
    }
  }
}

/** What a message says, as far as it helps to name it. Only SQL and command tags: never a value. */
function textOf(type: string, bytes: Buffer): string {
  const from = type === "P" ? bytes.indexOf(0, 5) + 1 : 5;
  if (type !== "Q" && type !== "P" && type !== "C") return "";
  return bytes
    .subarray(from, Math.max(from, bytes.indexOf(0, from)))
    .toString("latin1")
    .replace(/\s+/g, " ")
    .slice(0, 40);
}

function emptyRecord(): WireRecord {
  return { messages: [], struck: 0, commitPassedOn: false, commitDone: false };
}

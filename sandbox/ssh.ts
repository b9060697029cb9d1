/**
 * A real SSH server for the sandbox and the tests: `ssh2`'s, on loopback. Public-key login, TCP
 * forwarding (to loopback only) and commands, and a memory of what it was asked: that a client
 * refused the host key before it offered anything, or used one connection for everything, can be read
 * off its counters. It misbehaves on request (`./ssh/faults.ts`).
 */
import { createServer, type Server as TcpServer, type Socket } from "node:net";
import { type AuthContext, type Connection, type ParsedKey, Server, utils } from "ssh2";
import { FaultState, type SshPolicies, wellBehaved } from "./ssh/faults";
import { dial, join } from "./ssh/forward";
import { Gate } from "./ssh/gate";
import { hostKeyPair, type SshKeyPair, userKeyPair } from "./ssh/keys";
import { Sessions } from "./ssh/sessions";
import type { ShellOptions } from "./ssh/shell";

export type { SshFault, SshPolicies, SshStep } from "./ssh/faults";
export { hostKeyPair, keyPair, type SshKeyPair, userKeyPair } from "./ssh/keys";

/** How an SSH server is to be started. */
export interface SshOptions extends Omit<ShellOptions, "user"> {
  /** TCP port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** The one user who may log in. Default "hermes-admin". */
  readonly user?: string;
  /** Default: the sandbox's (`hostKeyPair`). */
  readonly hostKey?: SshKeyPair;
  /** Public keys, as in `authorized_keys`, that open it. Default: the sandbox's user key. */
  readonly authorizedKeys?: readonly string[];
}

/** What a server was asked since it started or since `resetCounters`. */
export interface SshCounters {
  /** TCP connections accepted. */
  connections: number;
  /** Authentication requests of any method; 0 when the client turned away at the host key. */
  authentications: number;
  /** Logins that succeeded. */
  logins: number;
  /** Forwarded channels asked for. */
  forwards: number;
  /** The commands, in order. */
  commands: string[];
}

/** A running SSH server. */
export interface SshServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: string;
  /** The server's public key, as in `authorized_keys`. */
  readonly hostKey: string;
  /** OpenSSH private key that opens it (when `authorizedKeys` was left alone). */
  readonly privateKey: string;
  readonly counters: SshCounters;
  readonly policies: SshPolicies;
  /** Connections open right now. */
  openConnections(): number;
  /** Changes some policies; a `fault` counts anew. */
  setPolicies(change: Partial<SshPolicies>): void;
  /** How many times the present fault has struck. */
  faultsStruck(): number;
  /** Resolves when the present fault has struck. */
  faultStruck(): Promise<void>;
  resetCounters(): void;
  /** Cuts every open connection and goes on listening. */
  dropConnections(): void;
  /** Stops listening, cuts every connection, ends the commands that still run. */
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";

/**
 * Starts an SSH server.
 *
 * @throws Error (code EADDRINUSE) when the port is taken.
 */
export async function startSshServer(options: SshOptions): Promise<SshServer> {
  const user = options.user ?? "hermes-admin";
  const hostKey = options.hostKey ?? hostKeyPair();
  const server = new SandboxSshServer({ ...options, user }, hostKey);
  await server.listen(options.port ?? 0);
  return server;
}

class SandboxSshServer implements SshServer {
  readonly host = HOST;
  readonly user: string;
  readonly hostKey: string;
  readonly privateKey: string = userKeyPair().privateKey;
  readonly counters: SshCounters = noRequests();
  policies: SshPolicies = wellBehaved;
  port = 0;
  private readonly faults = new FaultState();
  private readonly sockets = new Set<Socket>();
  private readonly gates = new Map<number | undefined, Gate>();
  private readonly clients = new Map<Connection, Gate>();
  private readonly sessions: Sessions;
  private readonly ssh: Server;
  private readonly tcp: TcpServer;
  private readonly authorized: ParsedKey[];

  constructor(options: SshOptions & { user: string }, hostKey: SshKeyPair) {
    this.user = options.user;
    this.hostKey = hostKey.publicKey;
    this.authorized = (options.authorizedKeys ?? [userKeyPair().publicKey]).map(publicKey);
    this.sessions = new Sessions(options, this.faults, (command) => {
      this.counters.commands.push(command);
    });
    this.ssh = new Server({ hostKeys: [hostKey.privateKey] });
    // The client's port tells which of the connections `ssh2` means.
    this.ssh.on("connection", (client, { port }) => {
      const gate = this.gates.get(port);
      if (gate !== undefined) this.serve(client, gate);
    });
    this.tcp = createServer((socket) => this.accept(socket));
  }

  listen(port: number): Promise<void> {
    return new Promise((done, fail) => {
      this.tcp.once("error", fail);
      this.tcp.listen(port, HOST, () => {
        const address = this.tcp.address();
        if (typeof address === "object" && address !== null) this.port = address.port;
        done();
      });
    });
  }

  openConnections(): number {
    return this.sockets.size;
  }

  setPolicies(change: Partial<SshPolicies>): void {
    this.policies = { ...this.policies, ...change };
    if (change.fault !== undefined) this.faults.set(change.fault);
    for (const [client, gate] of this.clients) this.offerForwarding(client, gate);
  }

  faultsStruck(): number {
    return this.faults.count;
  }

  faultStruck(): Promise<void> {
    return this.faults.struckOnce();
  }

  resetCounters(): void {
    Object.assign(this.counters, noRequests());
  }

  dropConnections(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    await new Promise<void>((done) => {
      this.tcp.close(() => done());
      this.dropConnections();
    });
    this.sessions.end();
  }

  private accept(socket: Socket): void {
    this.counters.connections += 1;
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const fault = this.faults.strike("dial");
    if (fault?.kind === "drop") {
      socket.resetAndDestroy();
    } else if (fault === undefined) {
      const gate = new Gate(socket, this.faults);
      this.gates.set(gate.remotePort, gate);
      gate.once("close", () => this.gates.delete(gate.remotePort));
      this.ssh.injectSocket(gate as unknown as Socket);
    }
  }

  private serve(client: Connection, gate: Gate): void {
    client.on("error", () => undefined);
    client.on("authentication", (request) => this.authenticate(request, gate));
    client.on("ready", () => {
      this.counters.logins += 1;
    });
    client.on("session", (accept) => {
      const fault = this.faults.strike("channel");
      if (fault !== undefined) gate.apply(fault);
      else this.sessions.serve(accept(), gate);
    });
    this.clients.set(client, gate);
    client.on("close", () => this.clients.delete(client));
    this.offerForwarding(client, gate);
  }

  /** `ssh2` answers "administratively prohibited", as sshd does, only where nobody listens. */
  private offerForwarding(client: Connection, gate: Gate): void {
    client.removeAllListeners("tcpip");
    if (!this.policies.tcpForwarding) return;
    client.on("tcpip", (accept, reject, { destIP, destPort }) => {
      this.counters.forwards += 1;
      const fault = this.faults.strike("channel");
      if (fault !== undefined) return gate.apply(fault);
      dial(destIP, destPort).then(
        (socket) => join(accept(), socket, gate, this.faults),
        () => reject(),
      );
    });
  }

  private authenticate(request: AuthContext, gate: Gate): void {
    this.counters.authentications += 1;
    if (request.method !== "publickey") return request.reject(["publickey"]);
    const fault = this.faults.strike("auth");
    if (fault !== undefined) return gate.apply(fault);
    const known = this.authorized.find((key) => key.getPublicSSH().equals(request.key.data));
    const signed =
      request.signature === undefined ||
      (request.blob !== undefined &&
        known?.verify(request.blob, request.signature, request.hashAlgo) === true);
    if (this.policies.acceptKeys && request.username === this.user && known && signed) {
      request.accept();
    } else {
      request.reject(["publickey"]);
    }
  }
}

function noRequests(): SshCounters {
  return { connections: 0, authentications: 0, logins: 0, forwards: 0, commands: [] };
}

function publicKey(line: string): ParsedKey {
  const parsed = utils.parseKey(line);
  if (parsed instanceof Error) throw parsed;
  return Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed;
}

/** One tunnel for a stack's runs, whichever process of the provider holds it. */
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";

import { newIdentity } from "./certificate";
import { announce, askFor, certificateFile, holderOf, isWanted, withdraw } from "./folder";
import type { Words } from "./errors";
import { listen, type Listener } from "./listener";

/** What a client of the tunnel is told: the names that `@pulumi/postgresql` takes. */
export interface TunnelEnd {
  readonly host: string;
  readonly port: number;
  readonly sslmode: "verify-full";
  /** Path of the certificate, from the project's folder. */
  readonly sslrootcert: string;
}

/** Where a tunnel on this port is found; whether it is open makes no difference. */
export const tunnelEnd = (port: number): TunnelEnd => ({
  host: "127.0.0.1",
  port,
  sslmode: "verify-full",
  sslrootcert: certificateFile(port),
});

/** What `openTunnel` is told. */
export interface TunnelOptions {
  readonly port: number;
  /** Where it leads, in words. */
  readonly target: string;
  /** Address of the engine that started this process. */
  readonly engine: string;
  /** Makes the far end of one connection. */
  readonly open: () => Promise<Duplex>;
  /** What the far end's errors are to say instead. Default: what they say. */
  readonly words?: Words;
}

/** How long an earlier process may take to let go of the port, in milliseconds. */
const patienceMs = 5_000;
const pollMs = 100;

/**
 * Listens on the port, unless another run of this stack does already and leads to the same place. Within one run the
 * engine may start the provider twice (`up --refresh`: with the old configuration, then with the new one): the later one
 * takes over.
 *
 * @returns what closes it
 * @throws Error that says what to do where somebody else has the port
 */
export async function openTunnel(options: TunnelOptions): Promise<() => void> {
  const { port, target, engine } = options;
  const identity = newIdentity();
  for (const giveUp = Date.now() + patienceMs; ;) {
    try {
      const listener = await listen(port, identity, options.open, options.words);
      announce(port, { certificate: identity.certificate, engine, target });
      return keep(listener, identity.certificate);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
    const holder = holderOf(port);
    const ours = holder !== undefined && (await isListening(port, holder.certificate));
    if (ours && holder.engine !== engine && holder.target === target) return () => undefined;
    if (ours && holder.engine === engine) askFor(port);
    else if (await somebodyListens(port)) throw taken(port, ours ? holder.target : undefined);
    if (Date.now() > giveUp) throw taken(port, ours ? holder.target : undefined);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Holds the listener until it is closed or a later process asks for its port. */
function keep(listener: Listener, certificate: string): () => void {
  const watch = setInterval(() => {
    if (!isWanted(listener.port)) return;
    clearInterval(watch);
    void listener.release();
  }, pollMs).unref();
  return () => {
    clearInterval(watch);
    void listener.close();
    withdraw(listener.port, certificate);
  };
}

/** Whether the process behind the certificate is the one that listens. */
function isListening(port: number, certificate: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host: "127.0.0.1", port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => end(false));
    socket.once("error", () => end(false));
    socket.once("connect", () => socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])));
    socket.once("data", (answer: Buffer) => {
      if (answer.toString("latin1") !== "S") return end(false);
      const secure = connectTls({ socket, ca: certificate, host: "127.0.0.1" });
      secure.once("secureConnect", () => end(true));
      secure.once("error", () => end(false));
    });
  });
}

function somebodyListens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host: "127.0.0.1", port });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function taken(port: number, target: string | undefined): Error {
  const who = target
    ? `another command of this project that leads to ${target}`
    : "another program, which was told nothing";
  return new Error(
    `The tunnel to Immich's Postgres can't listen on 127.0.0.1:${port}: the port is taken by ${who}.\n` +
      `  see who:        ss -ltnp 'sport = :${port}'\n` +
      `  another port:   npx pulumi config set tunnelPort ${port === 65_535 ? 20_000 : port + 1}`,
  );
}

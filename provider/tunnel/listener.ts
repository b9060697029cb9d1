/**
 * The loopback port through which `@pulumi/postgresql`, which knows no SSH, reaches Immich's PostgreSQL.
 *
 * Others on this machine could listen on that port first, or connect to it. So the listener speaks TLS with a key that was
 * made for this process and never leaves it, and the client is told to compare the certificate (`sslmode: verify-full`): a
 * stranger who listens is sent nothing, least of all a password. Who connects still has to log in to PostgreSQL.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { TLSSocket } from "node:tls";

import type { Identity } from "./certificate";
import { ErrorsInOtherWords, refusalPacket, type Words } from "./errors";

/** SSLRequest and GSSENCRequest (PostgreSQL's frontend/backend protocol, message formats). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const GSSENC_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]);

/** A listener on loopback that carries each connection to wherever `open` leads. */
export interface Listener {
  readonly port: number;
  /** Stops listening; what is open stays open. */
  release(): Promise<void>;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1. Neither the listener nor a connection through it keeps the process from ending.
 *
 * @param open makes the far end of one connection; called when somebody has connected by TLS, not before
 * @param words what the far end's errors are to say instead. Default: what they say
 * @throws NodeJS.ErrnoException, `EADDRINUSE` when the port is taken
 */
export function listen(
  port: number,
  identity: Identity,
  open: () => Promise<Duplex>,
  words: Words = () => undefined,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined); // the client's affair
    socket.unref();
    greet(socket, identity, (secure) => void carry(secure, open, words));
  });
  server.unref();
  const release = () => stop(server);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        release,
        close: async () => {
          const stopped = release();
          for (const socket of sockets) socket.destroy();
          await stopped;
        },
      }),
    );
  });
}

/** Resolves when the port is free; connections that are still open are not waited for. */
function stop(server: Server): Promise<void> {
  return new Promise((stopped) => {
    server.close();
    setImmediate(stopped);
  });
}

/** Reads the client's first eight bytes: TLS, or nothing. */
function greet(socket: Socket, identity: Identity, carry: (secure: TLSSocket) => void): void {
  socket.once("readable", function read() {
    const first = socket.read(8) as Buffer | null;
    if (first === null) return void socket.once("readable", read);
    if (first.equals(GSSENC_REQUEST)) {
      socket.write("N");
      return void socket.once("readable", read);
    }
    if (!first.equals(SSL_REQUEST)) {
      return refuse(socket, new Error("This tunnel takes connections by TLS only"));
    }
    socket.write("S");
    const secure = new TLSSocket(socket, {
      isServer: true,
      key: identity.key,
      cert: identity.certificate,
      minVersion: "TLSv1.2",
    });
    secure.on("error", () => socket.destroy());
    secure.once("secure", () => carry(secure));
  });
}

async function carry(socket: TLSSocket, open: () => Promise<Duplex>, words: Words): Promise<void> {
  let far: Duplex & { unref?: () => unknown };
  try {
    far = await open();
  } catch (error) {
    return refuse(socket, error instanceof Error ? error : new Error(String(error)));
  }
  far.unref?.();
  if (socket.destroyed) return void far.destroy();
  far.on("error", () => undefined); // both ways end with it
  pipeline(far, new ErrorsInOtherWords(words), socket, () => undefined);
  // No pipeline: it would cut the client off from what the far end said last before it closed.
  socket.pipe(far);
  socket.once("close", () => far.destroy());
}

/** Answers as PostgreSQL would, and closes. */
function refuse(socket: Socket, reason: Error): void {
  socket.resume(); // unread data would turn the close into a reset, which takes the answer with it
  socket.end(refusalPacket(reason));
  setTimeout(() => socket.destroy(), 1_000).unref();
}

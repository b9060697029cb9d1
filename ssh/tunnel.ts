import { AddressInfo, Socket, createServer } from "node:net";
import { Duplex, pipeline } from "node:stream";

import { SshError, said } from "./errors";

/** What `listen` needs to know. */
export interface TunnelOptions {
  /** Port on 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** Makes the far end of one connection; called when somebody connects, not before. */
  readonly open: () => Promise<Duplex>;
  /**
   * What to answer a client whose far end could not be made, in the protocol it speaks, before the connection is closed.
   * Default: nothing, just the close.
   */
  readonly refusal?: (error: Error) => Buffer;
}

/** A listener on loopback that carries each connection to wherever `open` leads. */
export interface Tunnel {
  readonly port: number;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1. Neither the listener nor a connection through it keeps the process from ending.
 *
 * @throws SshError (`config`) when the port is taken
 */
export function listen(options: TunnelOptions): Promise<Tunnel> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    void carry(socket, options);
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(cannotListen(options.port, error)),
    );
    server.listen({ host: "127.0.0.1", port: options.port, exclusive: true }, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}

async function carry(socket: Socket, options: TunnelOptions): Promise<void> {
  socket.unref();
  socket.on("error", () => undefined); // the client's affair
  let far: Duplex & { unref?: () => unknown };
  try {
    far = await options.open();
  } catch (error) {
    const reason = error instanceof Error ? error : new Error(String(error));
    socket.resume(); // unread data would turn the close into a reset, which takes the answer with it
    socket.end(options.refusal?.(reason) ?? "");
    setTimeout(() => socket.destroy(), 1_000).unref();
    return;
  }
  far.unref?.();
  if (socket.destroyed) return void far.destroy();
  pipeline(socket, far, () => undefined);
  pipeline(far, socket, () => undefined);
}

function cannotListen(port: number, error: NodeJS.ErrnoException): SshError {
  const next =
    error.code === "EADDRINUSE"
      ? `is another pulumi command running? Else choose another port: npx pulumi config set tunnelPort ${port === 0 ? 45432 : port + 1}`
      : `choose another port: npx pulumi config set tunnelPort 45432`;
  return new SshError(
    "config",
    `The tunnel to Immich's Postgres cannot listen on 127.0.0.1:${port} (${error.code ?? said(error.message)}).\n  next: ${next}`,
  );
}

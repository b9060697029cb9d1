// A PostgreSQL with TLS in front of it, and servers that only pretend to be one.
import * as net from "node:net";
import * as tls from "node:tls";
import type { Certificate } from "../support/certificates";

const sslRequest = 80877103;

/** What a server does with its clients. */
export interface Behaviour {
  /** With what it answers a request for TLS; undefined: it says that it has none. */
  readonly certificate?: Certificate;
  /** What it says to a client's first message: an authentication request. Undefined: a real PostgreSQL does. */
  readonly asks?: Buffer;
  /** What it says instead of yes or no to a request for TLS. */
  readonly answer?: string;
}

/** A server on loopback. */
export interface Gate {
  readonly port: number;
  /** All that clients have said behind TLS, or in clear; requests for TLS are left out. */
  said(): string;
  /** How many connections asked for TLS first, and how many did not. */
  readonly count: { encrypted: number; clear: number };
  close(): Promise<void>;
}

/** Starts a server in front of the PostgreSQL at a port. */
export async function openGate(postgres: number, behaviour: Behaviour): Promise<Gate> {
  const { certificate, asks, answer } = behaviour;
  const heard: Buffer[] = [];
  const count = { encrypted: 0, clear: 0 };
  const sockets = new Set<net.Socket>();

  const talk = (client: net.Socket, first?: Buffer): void => {
    const listen = (data: Buffer): void => void heard.push(data);
    client.on("data", listen);
    if (first) heard.push(first);
    if (asks) {
      if (first) client.write(asks);
      else client.once("data", () => client.write(asks));
      return;
    }
    const real = net.connect(postgres, "127.0.0.1");
    real.on("error", () => client.destroy());
    client.on("close", () => real.destroy());
    if (first) real.write(first);
    client.pipe(real).pipe(client);
  };

  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.once("data", (first) => {
      if (first.length !== 8 || first.readUInt32BE(4) !== sslRequest) {
        count.clear += 1;
        talk(socket, first);
        return;
      }
      count.encrypted += 1;
      socket.write(answer ?? (certificate ? "S" : "N"));
      if (!certificate || answer) return;
      const secure = new tls.TLSSocket(socket, {
        isServer: true,
        cert: certificate.certificate,
        key: certificate.key,
      });
      secure.on("error", () => {});
      talk(secure);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    said: () => Buffer.concat(heard).toString("latin1"),
    count,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Requests for a password, as the protocol has them (AuthenticationRequest). */
export const passwordRequests: Readonly<Record<string, Buffer>> = {
  "a password in clear": authentication(3),
  "an MD5 of the password": authentication(5, Buffer.from("salt")),
  "SCRAM-SHA-256": authentication(10, Buffer.from("SCRAM-SHA-256\0\0")),
};

function authentication(kind: number, rest = Buffer.alloc(0)): Buffer {
  const message = Buffer.alloc(9);
  message.write("R");
  message.writeUInt32BE(8 + rest.length, 1);
  message.writeUInt32BE(kind, 5);
  return Buffer.concat([message, rest]);
}

// The loopback port that leads to PostgreSQL: who may listen on it, who is told what.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo, connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { Client } from "pg";

import { newIdentity } from "../../provider/tunnel/certificate";
import { refusalPacket } from "../../provider/tunnel/errors";
import { FOLDER } from "../../provider/tunnel/folder";
import { listen } from "../../provider/tunnel/listener";
import { openTunnel, tunnelEnd, type TunnelOptions } from "../../provider/tunnel/tunnel";

const root = process.cwd();
let folder: string;
const closing: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "immich-tunnel-"));
  process.chdir(folder);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  process.chdir(root);
  rmSync(folder, { recursive: true });
});

const noWay = () => Promise.reject(new Error("SSH to a@h:22: refused.\n  next: look"));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

const options = async (more: Partial<TunnelOptions> = {}): Promise<TunnelOptions> => ({
  port: await freePort(),
  target: "immich in pg at a@h",
  engine: "127.0.0.1:1",
  open: noWay,
  ...more,
});

async function open(wanted: TunnelOptions): Promise<() => void> {
  const close = await openTunnel(wanted);
  closing.push(close);
  return close;
}

/** What PostgreSQL's own kind of client is told there; it logs in with a password. */
async function login(port: number): Promise<string> {
  const end = tunnelEnd(port);
  const client = new Client({
    host: end.host,
    port: end.port,
    user: "postgres",
    password: "canary-password",
    ssl: { ca: readFileSync(end.sslrootcert, "utf8") },
  });
  return client.connect().then(
    () => "let in",
    (error: Error) => error.message,
  );
}

test("a client is told why the way is blocked, in PostgreSQL's own protocol, by TLS", async () => {
  const wanted = await options();
  await open(wanted);
  expect(await login(wanted.port)).toBe("SSH to a@h:22: refused.\n  next: look");
});

test("what PostgreSQL says last arrives in full, in our words, although it closes at once", async () => {
  const far = (): Duplex => {
    const stream: Duplex = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => {
        stream.push(refusalPacket(new Error("too many clients")));
        stream.push(null);
        done();
      },
    });
    return stream.on("end", () => stream.destroy());
  };
  const wanted = await options({
    open: async () => far(),
    words: ({ code, message }) => `${code} ${message}\n  next: ${"look ".repeat(5_000)}`,
  });
  await open(wanted);
  for (let time = 0; time < 10; time++)
    expect(await login(wanted.port)).toMatch(/^08001 too many clients\n {2}next: (look ){5000}$/);
});

test("nothing goes through without TLS", async () => {
  const wanted = await options({
    open: () => Promise.reject(new Error("the far end was opened for a client without TLS")),
  });
  await open(wanted);
  const client = new Client({ host: "127.0.0.1", port: wanted.port, user: "u", password: "p" });
  await expect(client.connect()).rejects.toThrow("takes connections by TLS only");
});

test("the far end is opened when somebody connects, and both ways are carried", async () => {
  const identity = newIdentity();
  let opened = 0;
  const listener = await listen(0, identity, async () => {
    opened++;
    return echo();
  });
  closing.push(() => listener.close());
  expect(opened).toBe(0);
  const socket = connectTcp(listener.port, "127.0.0.1");
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 48])); // GSSENCRequest: libpq asks this first
  expect(String((await once(socket, "data"))[0])).toBe("N");
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
  expect(String((await once(socket, "data"))[0])).toBe("S");
  const secure = connectTls({ socket, ca: identity.certificate, host: "127.0.0.1" });
  secure.write("through");
  expect(String((await once(secure, "data"))[0])).toBe("through");
  expect(opened).toBe(1);
  secure.destroy();
});

test("each process has a key of its own, and none of it on disk", async () => {
  const [first, second] = [newIdentity(), newIdentity()];
  expect(first.key).not.toBe(second.key);
  const wanted = await options();
  const close = await open(wanted);
  const files = [`${FOLDER}/${wanted.port}.pem`, `${FOLDER}/${wanted.port}.json`];
  for (const file of files) expect(readFileSync(file, "utf8")).not.toContain("PRIVATE");
  close();
  expect(existsSync(FOLDER)).toBe(false);
});

test("a stranger who listens first is told of, and learns nothing", async () => {
  const heard: Buffer[] = [];
  const wanted = await options();
  const stranger = createServer((socket: Socket) => {
    socket.on("data", (data) => heard.push(data));
    socket.on("error", () => undefined);
  }).listen(wanted.port, "127.0.0.1");
  await once(stranger, "listening");
  closing.push(() => new Promise((done) => stranger.close(done)));
  await expect(openTunnel(wanted)).rejects.toThrow(
    `can't listen on 127.0.0.1:${wanted.port}: the port is taken by another program`,
  );
  await expect(openTunnel(wanted)).rejects.toThrow("npx pulumi config set tunnelPort");
  expect(Buffer.concat(heard).toString()).toBe("");
});

test("a stranger who answers for a tunnel that was killed is not taken for it", async () => {
  const wanted = await options();
  const close = await openTunnel(wanted);
  const left = readFileSync(`${FOLDER}/${wanted.port}.json`);
  const certificate = readFileSync(`${FOLDER}/${wanted.port}.pem`);
  close();
  mkdirSync(FOLDER, { mode: 0o700 });
  writeFileSync(`${FOLDER}/${wanted.port}.json`, left);
  writeFileSync(`${FOLDER}/${wanted.port}.pem`, certificate);
  const stranger = await listen(wanted.port, newIdentity(), noWay);
  closing.push(() => stranger.close());
  await expect(openTunnel(wanted)).rejects.toThrow("taken by another program");
  expect(await login(wanted.port)).toMatch(/self-signed certificate|certificate/);
});

test("within one run the later process takes over; what goes through the earlier one stays", async () => {
  const wanted = await options({ open: async () => echo() });
  await open(wanted);
  const before = readFileSync(`${FOLDER}/${wanted.port}.pem`, "utf8");
  await open({ ...wanted, target: "immich in pg at a@renamed", open: noWay });
  expect(readFileSync(`${FOLDER}/${wanted.port}.pem`, "utf8")).not.toBe(before);
  expect(await login(wanted.port)).toContain("SSH to a@h:22");
});

test("another run that leads to the same place is shared; to another place, refused", async () => {
  const wanted = await options();
  await open(wanted);
  const certificate = readFileSync(`${FOLDER}/${wanted.port}.pem`, "utf8");
  await open({ ...wanted, engine: "127.0.0.1:2" });
  expect(readFileSync(`${FOLDER}/${wanted.port}.pem`, "utf8")).toBe(certificate);
  await expect(
    openTunnel({ ...wanted, engine: "127.0.0.1:2", target: "elsewhere" }),
  ).rejects.toThrow("another command of this project that leads to immich in pg at a@h");
});

test("a folder that others can use is refused", async () => {
  mkdirSync(FOLDER);
  chmodSync(FOLDER, 0o777);
  await expect(openTunnel(await options())).rejects.toThrow("that nobody else can use");
});

test("a process ends although somebody is still connected through it", async () => {
  const code = `
    require("${root}/register.js");
    const { newIdentity } = require("${root}/provider/tunnel/certificate");
    const { listen } = require("${root}/provider/tunnel/listener");
    listen(0, newIdentity(), () => new Promise(() => undefined)).then((tunnel) => {
      process.stdout.write(String(tunnel.port));
      setTimeout(() => undefined, 1500); // the program's own work
    });`;
  const program = spawn(process.execPath, ["-e", code]);
  const ended = once(program, "exit");
  const [port] = (await once(program.stdout, "data")) as [Buffer];
  const socket = connectTcp(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  expect(await ended).toEqual([0, null]);
  socket.destroy();
}, 20_000);

/** A far end that answers with what it was sent. */
function echo(): Duplex {
  return new Duplex({
    read: () => undefined,
    write(chunk, _encoding, done) {
      this.push(chunk);
      done();
    },
    final(done) {
      this.push(null);
      done();
    },
  });
}

// A machine to reach by SSH: sandbox server or OpenSSH's own, with a `docker` that says what a test wants.
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, type Server, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { SshTarget } from "../../../ssh/target";
import { linkSystemCommands } from "../../../sandbox/docker/shim";
import { type SshServer, startSshServer } from "../../../sandbox/ssh";

/** Time-outs that a test can wait for. */
export const short = {
  dialMs: 1_500,
  handshakeMs: 1_500,
  authMs: 1_500,
  channelMs: 1_500,
  execMs: 3_000,
  keepAliveMs: 200,
  keepAliveMax: 2,
};

/** A folder for the length of a test file. */
export function folder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "ssh-test-"));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes an executable script `name` into `bin`. */
export function script(bin: string, name: string, body: string): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

/** The sandbox's SSH server with a folder of its own. */
export async function machine(path: string): Promise<SshServer & { readonly bin: string }> {
  const bin = join(path, "bin");
  linkSystemCommands(bin);
  const server = await startSshServer({ home: path, bin });
  return Object.assign(server, { bin });
}

/** How to reach that server. */
export function targetOf(server: SshServer, change: Partial<SshTarget> = {}): SshTarget {
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    hostKey: server.hostKey,
    privateKey: server.privateKey,
    ...change,
  };
}

/** A TCP server that answers each connection as told; its port. */
export async function tcp(
  serve: Parameters<typeof createServer>[1],
): Promise<{ port: number; server: Server; stop(): Promise<void> }> {
  const server = createServer(serve);
  const sockets = new Set<import("node:net").Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.unref();
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  server.unref(); // a test that fails early must not keep jest waiting
  return {
    port: (server.address() as AddressInfo).port,
    server,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Runs a program to its end. */
export function command(
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  stdin = "",
): Promise<{ code: number | null; output: string }> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { env: { ...process.env, ...environment } });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    child.stderr.on("data", (data: Buffer) => (output += data.toString()));
    child.on("error", fail);
    child.on("close", (code) => done({ code, output }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
  });
}

/** What a promise was rejected with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`no Error was thrown: ${String(error)}`, { cause: error });
  }
  throw new Error("it did not fail");
}

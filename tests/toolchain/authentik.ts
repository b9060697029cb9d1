// The sandbox's Authentik as a process, for tests of what asks it; every request is written down.

import * as http from "node:http";
import * as path from "node:path";
import { spawn } from "node:child_process";
import type { AddressInfo } from "node:net";

const root = path.resolve(__dirname, "../..");

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly token: string;
}

export interface Authentik {
  /** The address of a relay that writes down every request. */
  readonly url: string;
  readonly token: string;
  readonly requests: Asked[];
  /** What the relay answers by itself, by path: status and body. */
  readonly instead: Record<string, [number, string]>;
  stop(): Promise<void>;
}

export async function startAuthentik(): Promise<Authentik> {
  const token = "test-token";
  const options = { token, users: [{ username: "alice", password: "x", groups: ["family"] }] };
  const child = spawn(
    process.execPath,
    ["-r", "./register.js", "sandbox/authentik/main.ts", JSON.stringify(options)],
    { cwd: root, stdio: ["pipe", "pipe", "inherit"] },
  );
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`Authentik ended with ${code}`)));
    child.stdout.once("data", (line: Buffer) =>
      resolve((JSON.parse(line.toString()) as { port: number }).port),
    );
  });
  const requests: Asked[] = [];
  const instead: Authentik["instead"] = {};
  const relay = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      requests.push({
        method: request.method ?? "",
        path: request.url ?? "",
        body: body.toString(),
        token: request.headers.authorization ?? "",
      });
      const { method, url, headers } = request;
      const answer = instead[url ?? ""];
      if (answer) return void response.writeHead(answer[0]).end(answer[1]);
      http
        .request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        })
        .end(body);
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`,
    token,
    requests,
    instead,
    async stop() {
      relay.closeAllConnections();
      await new Promise((resolve) => relay.close(resolve));
      child.removeAllListeners("exit");
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.stdin.end();
      await ended;
    },
  };
}

/** Starts the sandbox's Authentik as a process of its own and talks to it. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import path from "node:path";
import readline from "node:readline";

import type { AuthentikOptions } from "../../../sandbox/authentik/options";

/** One answer. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A request to send. */
export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A running Authentik. */
export class AuthentikProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly token: string,
  ) {}

  /** Starts one and waits until it answers. */
  static async start(options: Partial<AuthentikOptions> = {}): Promise<AuthentikProcess> {
    const token = options.token ?? "the-token-of-akadmin";
    const root = path.resolve(__dirname, "../../..");
    const child = spawn(
      process.execPath,
      ["-r", "./register.js", "sandbox/authentik/main.ts", JSON.stringify({ ...options, token })],
      { cwd: root, stdio: ["pipe", "pipe", "inherit"] },
    );
    const lines = readline.createInterface({ input: child.stdout });
    const [line] = (await once(lines, "line")) as [string];
    return new AuthentikProcess(child, (JSON.parse(line) as { port: number }).port, token);
  }

  /** `http://127.0.0.1:port`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Sends a request; redirects are not followed. */
  ask({ method = "GET", path: target, headers = {}, body }: Ask): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host: "127.0.0.1", port: this.port, method, path: target, headers, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString("utf8"),
            }),
          );
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  }

  /** Uses the API as akadmin; gives the parsed body. */
  async api<T>(method: string, resource: string, body?: unknown): Promise<T> {
    const answer = await this.ask({
      method,
      path: `/api/v3/${resource}`,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status >= 400)
      throw new Error(`${method} ${resource}: ${answer.status} ${answer.body}`);
    return (answer.body === "" ? undefined : JSON.parse(answer.body)) as T;
  }

  /** Stops it, by closing its standard input. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = once(this.child, "exit");
    this.child.stdin?.end();
    await gone;
  }
}

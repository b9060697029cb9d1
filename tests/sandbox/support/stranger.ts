/**
 * Another local user of this machine, who tries what any user can: a program, started by root, that becomes nobody
 * before it tries anything. What it got is printed as one line of JSON.
 *
 *   node -r ./register.js stranger.ts     Tries on standard input; Got on standard output
 */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { Client as Postgres } from "pg";
import { Client as Ssh } from "ssh2";

/** Where a stranger is sent. */
export interface Tries {
  /** User and group to become. */
  readonly uid: number;
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly pids: readonly number[];
  /** Ports with HTTP on them, and what to ask there: method, path, JSON body. */
  readonly requests: readonly {
    readonly port: number;
    readonly method: string;
    readonly path: string;
    readonly body?: object;
  }[];
  /** Bearer tokens to guess; empty: none. */
  readonly tokens: readonly string[];
  readonly ssh: { readonly port: number; readonly keys: readonly string[] };
  readonly postgresPort: number;
  readonly users: readonly string[];
  readonly passwords: readonly string[];
  /** Ports that nobody should be listening on. */
  readonly closed: readonly number[];
}

/** What a stranger got. */
export interface Got {
  /** Files and folders that could be read, or written to. */
  readonly paths: string[];
  /** What could be read of processes beside their command lines: `PID/environ`. */
  readonly processes: string[];
  /** All command lines. */
  readonly commandLines: string;
  /** Every answer: `GET 29000/api/v3/…`, status, body. */
  readonly answers: { readonly what: string; readonly status: number; readonly body: string }[];
  /** Logins that worked, at SSH and at PostgreSQL. */
  readonly logins: string[];
  /** Ports of `closed` that somebody listens on. */
  readonly open: number[];
}

export async function tryAll(tries: Tries): Promise<Got> {
  const { folders, files, pids, closed } = tries;
  return {
    paths: [
      ...folders.filter((path) => works(() => readdirSync(path))),
      ...folders.filter((path) => works(() => writeFileSync(`${path}/planted`, "by a stranger"))),
      ...files.filter((path) => works(() => readFileSync(path))),
    ],
    processes: pids.flatMap((pid) =>
      [
        ...["environ", "maps", "mem", "auxv"].map(
          (name) => [name, () => readFileSync(`/proc/${pid}/${name}`)] as const,
        ),
        ["cwd", () => readlinkSync(`/proc/${pid}/cwd`)] as const,
        ["fd", () => readdirSync(`/proc/${pid}/fd`)] as const,
      ]
        .filter(([, read]) => works(read))
        .map(([name]) => `${pid}/${name}`),
    ),
    commandLines: commandLines(),
    answers: await askAll(tries),
    logins: [...(await sshLogins(tries)), ...(await postgresLogins(tries))],
    open: (await Promise.all(closed.map(listens))).flatMap((is, at) => (is ? closed[at]! : [])),
  };
}

/** Whether something does not throw. */
function works(what: () => unknown): boolean {
  try {
    what();
    return true;
  } catch {
    return false;
  }
}

function commandLines(): string {
  const lines: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
    works(() => lines.push(readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")));
  return lines.join("\n");
}

async function askAll({ requests, tokens }: Tries): Promise<Got["answers"]> {
  const answers: Got["answers"][number][] = [];
  for (const { port, method, path, body } of requests)
    for (const token of tokens) {
      const headers = {
        "content-type": "application/json",
        ...(token && { authorization: `Bearer ${token}`, "x-api-key": token }),
      };
      answers.push(
        await new Promise((done, fail) => {
          const options = { host: "127.0.0.1", port, method, path, headers, agent: false as const };
          const asked = request(options, (response) => {
            let text = "";
            response.on("data", (chunk: Buffer) => (text += chunk.toString()));
            response.on("end", () => {
              const what = `${method} ${port}${path} ${JSON.stringify(token)}`;
              done({ what, status: response.statusCode ?? 0, body: text });
            });
          });
          asked.on("error", fail);
          asked.end(body && JSON.stringify(body));
        }),
      );
    }
  return answers;
}

/** Which logins at SSH work: without anything, by password, by key. */
async function sshLogins({ ssh, users, passwords }: Tries): Promise<string[]> {
  const ways = [{}, ...passwords.map((password) => ({ password }))];
  const keys = ssh.keys.map((privateKey) => ({ privateKey }));
  const logins: string[] = [];
  for (const username of users)
    for (const way of [...ways, ...keys]) {
      const client = new Ssh();
      const is = await new Promise<boolean>((done, fail) => {
        client.on("ready", () => done(true));
        client.on("error", (error) =>
          error.level === "client-authentication" ? done(false) : fail(error),
        );
        client.connect({ host: "127.0.0.1", port: ssh.port, username, ...way });
      }).finally(() => client.end());
      if (is) logins.push(`SSH ${username} ${Object.keys(way).join()}`);
    }
  return logins;
}

async function postgresLogins({ postgresPort: port, users, passwords }: Tries): Promise<string[]> {
  const logins: string[] = [];
  for (const user of users)
    for (const password of ["", ...passwords]) {
      const client = new Postgres({ host: "127.0.0.1", port, database: "immich", user, password });
      client.on("error", () => undefined);
      try {
        await client.connect();
        logins.push(`PostgreSQL ${user} ${password}`);
      } catch (error) {
        // 28P01, invalid_password; pg itself refuses to answer SCRAM with an empty one.
        const { code, message } = error as { code?: string; message: string };
        if (code !== "28P01" && !/client password must be a (non-empty )?string/.test(message))
          throw error;
      } finally {
        await client.end();
      }
    }
  return logins;
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => done(true)).once("error", () => done(false));
  }).then((is) => is as boolean);
}

if (require.main === module) {
  // Everything is loaded: another user may not be able to walk to this folder.
  const tries = JSON.parse(readFileSync(0, "utf8")) as Tries;
  process.setgroups?.([]);
  process.setgid?.(tries.uid);
  process.setuid?.(tries.uid);
  void tryAll(tries).then(
    (got) => process.stdout.write(`${JSON.stringify(got)}\n`),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exitCode = 1;
    },
  );
}

/**
 * A real `npm start` that runs, and those who are no business of its: another local user, and pages in a browser.
 * They try everything that it listens on and everything that it keeps, and get nothing.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "pg";
import { keyPair } from "../../sandbox/ssh";
import { seededKeyPair } from "../../sandbox/ssh/keys";
import { describeInBrowser } from "../support/browser";
import { Visitor } from "./support/foreignPage";
import { environmentOf, type Listeners, listeners, processTree } from "./support/processTree";
import type { Got, Tries } from "./support/stranger";

jest.setTimeout(300_000);

const ROOT = resolve(__dirname, "../..");
/** Only root can see what other users' processes hold, and become another user. */
const describeAsRoot =
  process.getuid?.() === 0 && existsSync("/proc/self") ? describe : describe.skip;
const NOBODY = 65_534;

let folder: string;
let start: ChildProcess;
let said = "";
let tree: number[];
let listening: Listeners;
/** By name; all of them new in this run. */
let secrets: Record<string, string>;
let ports: Record<"authentik" | "immich" | "ssh" | "postgres" | "tunnel", number>;
let adminPassword: string;
let databaseUrl: string;
const commandLines = new Set<string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "start-"));
  chmodSync(folder, 0o755); // as /tmp: what is in it has to keep others out by itself
  start = spawn("npm", ["start", "--", "--port-base", "0"], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((done) => start.once("exit", () => done()));
  for (const stream of [start.stdout, start.stderr])
    stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const isUp = async (): Promise<void> => {
    while (!said.includes("Ctrl-C ends it all")) {
      for (const line of allCommandLines()) commandLines.add(line);
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  await Promise.race([isUp(), ended]);
  if (start.exitCode !== null) throw new Error(`npm start ended:\n${said}`);
  lookAround();
});

afterAll(async () => {
  if (start?.exitCode === null && start.pid !== undefined) {
    const ended = new Promise((done) => start.once("close", done));
    process.kill(-start.pid, "SIGINT");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** What whoever started it can know: from what it prints, and from its processes' environments. */
function lookAround(): void {
  tree = processTree(start.pid ?? 0);
  listening = listeners(tree);
  const environments = tree.map(environmentOf);
  const told = (variable: string) =>
    JSON.parse(environments.find((one) => one[variable])?.[variable] ?? "null");
  const authentik = told("SANDBOX_AUTHENTIK");
  const immich = told("SANDBOX_IMMICH");
  databaseUrl = immich.databaseUrl;
  adminPassword = immich.admin.password;
  const exported = Object.fromEntries(
    [...said.matchAll(/^ {2}export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
  );
  const { stdout } = spawnSync(
    process.execPath,
    [require.resolve("pulumi/run.js"), "stack", "export", "--show-secrets", "--stack", "sandbox"],
    { cwd: ROOT, env: { ...process.env, ...exported }, encoding: "utf8" },
  );
  const plaintexts = [...stdout.matchAll(/"plaintext": "((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
    JSON.parse(JSON.parse(`"${text}"`)),
  );
  const [, tunnel] = /"tunnelPort": "?(\d+)/.exec(stdout) ?? [];
  const [, sshPort] = /"sshPort": "?(\d+)/.exec(stdout) ?? [];
  ports = {
    authentik: authentik.port,
    immich: immich.port,
    ssh: Number(sshPort),
    postgres: Number(new URL(databaseUrl).port),
    tunnel: Number(tunnel),
  };
  secrets = {
    "Authentik's token": authentik.token,
    "Authentik's control token": authentik.controlToken,
    "akadmin's password": authentik.adminPassword,
    "alice's password": authentik.users[0].password,
    "bob's password": authentik.users[1].password,
    "the database's password": new URL(databaseUrl).password,
    "Immich's admin's password": adminPassword,
    "the passphrase": exported["PULUMI_CONFIG_PASSPHRASE"] ?? "",
    ...Object.fromEntries(
      plaintexts
        .filter((text) => typeof text === "string" && text.length > 12)
        .map((text: string, at: number) => [`the stack's secret ${at}`, text]),
    ),
  };
}

function allCommandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      } catch {
        return "";
      }
    });
}

/** Names of the secrets in a text. */
function secretsIn(text: string): string[] {
  return Object.keys(secrets).filter((name) => text.includes(secrets[name] ?? ""));
}

/** What could have been changed: Immich's settings and people, and what is in Authentik. */
async function everything(): Promise<string> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    );
    const rows: unknown[] = [tables];
    for (const name of ["pg_authid", ...tables.map((table) => table.name)])
      rows.push((await client.query(`SELECT t::text FROM ${name} t ORDER BY 1`)).rows);
    const objects = ["providers/oauth2", "core/applications", "core/users", "core/groups"];
    const answers = objects.map(async (path) => {
      const response = await fetch(`http://127.0.0.1:${ports.authentik}/api/v3/${path}/`, {
        headers: { authorization: `Bearer ${secrets["Authentik's token"]}` },
      });
      const { results } = (await response.json()) as { results: Record<string, unknown>[] };
      return results;
    });
    return JSON.stringify([...rows, ...(await Promise.all(answers))], undefined, 1);
  } finally {
    await client.end();
  }
}

/** HTTP requests that would get something from whoever lets anybody in. */
function requests(): Tries["requests"] {
  const { authentik, immich, ssh, postgres } = ports;
  const known = [authentik, immich, ssh, postgres];
  const ours = listening.tcp.map(({ port }) => port).filter((port) => !known.includes(port));
  const sql = { sql: "COPY (SELECT 1) TO PROGRAM 'id'" };
  return [
    ...ours.flatMap((port) => [
      { port, method: "GET", path: "/" },
      { port, method: "POST", path: "/", body: { program: "docker", args: ["ps"], cwd: "/" } },
      { port, method: "POST", path: "/postgres/query", body: sql },
      { port, method: "POST", path: "/ssh/state", body: {} },
    ]),
    ...["core/users/", "core/tokens/", "providers/oauth2/", "core/applications/"].map((path) => ({
      port: authentik,
      method: "GET",
      path: `/api/v3/${path}`,
    })),
    { port: authentik, method: "POST", path: "/api/v3/core/users/", body: { username: "mallory" } },
    ...["requests", "faults", "sessions"].map((path) => ({
      port: authentik,
      method: "POST",
      path: `/sandbox/${path}`,
      body: {},
    })),
    { port: immich, method: "GET", path: "/api/system-config" },
    { port: immich, method: "PUT", path: "/api/system-config", body: {} },
    { port: immich, method: "GET", path: "/api/users/me" },
    { port: immich, method: "POST", path: "/api/api-keys", body: { name: "x" } },
    {
      port: immich,
      method: "POST",
      path: "/api/system-metadata/admin-onboarding",
      body: { isOnboarded: true },
    },
    ...["admin-sign-up", "login"].map((path) => ({
      port: immich,
      method: "POST",
      path: `/api/auth/${path}`,
      body: { email: "admin@example.test", password: "password", name: "Mallory" },
    })),
  ];
}

function tries(): Tries {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => ({
    path: join(entry.parentPath, entry.name),
    isFolder: entry.isDirectory(),
    isFile: entry.isFile(),
  }));
  // What once was a key here, and what a guess from this repository's code makes.
  const seed = createHash("sha256").update("immich-authentik-sso sandbox: user key").digest();
  return {
    uid: NOBODY,
    folders: paths.filter(({ isFolder }) => isFolder).map(({ path }) => path),
    files: [
      ...paths.filter(({ isFile }) => isFile).map(({ path }) => path),
      join(ROOT, ".cache/running-sandbox.json"),
    ],
    pids: tree,
    requests: requests(),
    tokens: ["", "sandbox-control", "sandbox-authentik-api-token", "undefined", "0".repeat(32)],
    ssh: {
      port: ports.ssh,
      keys: [seededKeyPair(seed, "x").privateKey, keyPair("user key", "sandbox-user").privateKey],
    },
    postgresPort: ports.postgres,
    users: ["hermes-admin", "postgres", "immich", "immich_oauth_sandbox", "root"],
    passwords: ["postgres", "immich", "database-in-the-sandbox", "sandbox"],
    closed: [ports.tunnel],
  };
}

describeAsRoot("npm start", () => {
  test("listens on loopback only, on the ports that are known", () => {
    const { tcp, others } = listening;
    expect(tcp.map(({ address }) => address).filter((address) => address !== "127.0.0.1")).toEqual(
      [],
    );
    const { tunnel, ...open } = ports;
    const found = tcp.map(({ port }) => port);
    expect(found).toEqual(expect.arrayContaining(Object.values(open)));
    // Two more: the controls, and what is behind `docker`.
    expect(found).toHaveLength(Object.values(open).length + 2);
    expect(found).not.toContain(tunnel);
    expect(others).toEqual([]);
  });

  test("has secrets to lose, and shows none of them in command lines", () => {
    expect(Object.keys(secrets).length).toBeGreaterThan(11);
    expect(Object.values(secrets).filter((secret) => secret.length < 12)).toEqual([]);
    const seen = [...commandLines].join("\n");
    expect(seen).toContain("sandbox/main.ts");
    expect(seen).toContain("pulumi");
    expect(secretsIn(seen)).toEqual([]);
  });

  describe("another local user", () => {
    let got: Got;
    let before: string;
    let asked: Tries;

    beforeAll(async () => {
      before = await everything();
      asked = tries();
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ["-r", join(ROOT, "register.js"), join(__dirname, "support/stranger.ts")],
        { cwd: ROOT, input: JSON.stringify(asked), encoding: "utf8", maxBuffer: 1 << 28 },
      );
      if (status !== 0) throw new Error(`the stranger could not try: ${stderr}`);
      got = JSON.parse(stdout) as Got;
    });

    test("reads nothing of its folders and files, and writes nothing there", () => {
      expect(asked.folders.length).toBeGreaterThan(10);
      expect(asked.files.length).toBeGreaterThan(100);
      // What is there to be read by those who may.
      for (const path of asked.files) expect(() => readFileSync(path)).not.toThrow();
      expect(got.paths).toEqual([]);
    });

    test("learns of its processes only their command lines, without secrets", () => {
      expect(asked.pids.length).toBeGreaterThan(5);
      expect(got.processes).toEqual([]);
      expect(got.commandLines).toContain("sandbox/main.ts");
      expect(secretsIn(got.commandLines)).toEqual([]);
    });

    test("is refused by all that answers there", () => {
      expect(got.answers).toHaveLength(asked.requests.length * asked.tokens.length);
      expect(got.answers.filter(({ status }) => status < 400 || status >= 500)).toEqual([]);
      expect(secretsIn(JSON.stringify(got.answers))).toEqual([]);
    });

    test("logs in nowhere, and finds the tunnel closed", () => {
      expect(got.logins).toEqual([]);
      expect(got.open).toEqual([]);
    });

    test("has changed nothing", async () => {
      expect(await everything()).toBe(before);
    });
  });

  describeInBrowser("a page in a browser, with Immich's administrator logged in,", () => {
    let visitor: Visitor;
    let before: string;

    beforeAll(async () => {
      visitor = await Visitor.start(`http://127.0.0.1:${ports.immich}`, {
        email: "admin@example.test",
        password: adminPassword,
      });
      before = await everything();
    });
    afterAll(() => visitor?.stop());

    const targets = (): string[] =>
      requests().map(({ port, path }) => `http://127.0.0.1:${port}${path}`);

    test.each(["evil.example.org", "127.0.0.1"])("of %s reads nothing", async (host) => {
      const all = [
        ...new Set([...targets(), ...listening.tcp.map(({ port }) => `http://127.0.0.1:${port}/`)]),
      ];
      const read = await visitor.fetchFrom(host, all);
      expect(read).toEqual([]);
    });

    test.each(["evil.example.org", "127.0.0.1"])("of %s posts forms in vain", async (host) => {
      const sql = JSON.stringify({
        sql: "CREATE TABLE planted (who text)",
        name: "x",
        isOnboarded: true,
      });
      const all = [...new Set(targets())];
      expect(await visitor.postFormsFrom(host, all, sql)).toBe(all.length);
      expect(await everything()).toBe(before);
    });

    test("opens no WebSocket", async () => {
      const all = listening.tcp.map(({ port }) => `ws://127.0.0.1:${port}/`);
      expect(await visitor.webSocketsFrom("evil.example.org", all)).toEqual([]);
    });

    test("whose name was made to point here learns no secret", async () => {
      const answers = await visitor.rebind("rebound.example.org", requests());
      expect(answers).toHaveLength(requests().length);
      expect(answers.filter(({ status }) => status < 400 || status >= 500)).toEqual([]);
      expect(secretsIn(JSON.stringify(answers))).toEqual([]);
    });

    test("has changed nothing, and the administrator is still logged in", async () => {
      expect(await everything()).toBe(before);
      expect(await visitor.loggedInAs()).toBe("admin@example.test");
    });
  });
});

/**
 * What others on this machine get from a running sandbox: another local user, with everything that stands in the
 * repository, and a page in a browser. Each attempt is made by somebody who may first, so that it can be seen to work.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { statSync } from "node:fs";
import { join } from "node:path";
import { Client as Postgres } from "pg";
import { Client as Ssh } from "ssh2";
import { type Sandbox, startSandbox } from "../../sandbox/client";
import { keyPair } from "../../sandbox/ssh";
import { seededKeyPair } from "../../sandbox/ssh/keys";
import { describeInBrowser, launchBrowser } from "../support/browser";

jest.setTimeout(120_000);

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ portBase: 0 });
});
afterAll(() => sandbox?.stop());

const QUERY = JSON.stringify({ sql: "SELECT 1 AS one" });

/** Asks a control as anybody could; the answer's status. */
function ask(headers: Record<string, string>, body = QUERY, method = "POST"): Promise<number> {
  const url = `${sandbox.controls.url}/postgres/query`;
  return new Promise((done, fail) => {
    const request = httpRequest(url, { method, headers }, (response) => {
      response.resume();
      done(response.statusCode ?? 0);
    });
    request.on("error", fail);
    request.end(body);
  });
}

describe("the controls", () => {
  const right = (): Record<string, string> => ({
    authorization: `Bearer ${sandbox.controls.token}`,
    "content-type": "application/json",
  });

  test("answer whoever has the token", async () => {
    expect(await ask(right())).toBe(200);
  });

  test.each<[string, () => Record<string, string>, number]>([
    ["no token", () => ({ "content-type": "application/json" }), 401],
    ["another token", () => ({ ...right(), authorization: `Bearer ${"0".repeat(32)}` }), 401],
    ["text/plain", () => ({ ...right(), "content-type": "text/plain" }), 415],
    ["no content type", () => ({ authorization: right()["authorization"] ?? "" }), 415],
    ["another Host", () => ({ ...right(), host: "rebound.example.org" }), 403],
    [
      "localhost",
      () => ({
        ...right(),
        host: new URL(sandbox.controls.url).host.replace("127.0.0.1", "localhost"),
      }),
      403,
    ],
    ["an Origin", () => ({ ...right(), origin: "https://example.org" }), 403],
    ["Origin null", () => ({ ...right(), origin: "null" }), 403],
  ])("refuse %s", async (_what, headers, status) => {
    expect(await ask(headers())).toBe(status);
  });

  test("take no GET, not even with the token", async () => {
    expect(await ask(right(), "", "GET")).toBe(405);
  });

  test("survive rubbish", async () => {
    expect(await ask(right(), "{")).toBe(400);
    expect(await ask(right())).toBe(200);
  });
});

describe("secrets", () => {
  test("are other ones in the next run", async () => {
    const other = await startSandbox({ portBase: 0 });
    try {
      const of = ({ authentik, immich, ssh, postgres, users, environment, controls }: Sandbox) => [
        authentik.token,
        immich.admin.password,
        ssh.privateKey,
        ssh.hostKey,
        postgres.password,
        ...users.map(({ password }) => password),
        environment["PULUMI_CONFIG_PASSPHRASE"],
        controls.token,
      ];
      const all = [...of(sandbox), ...of(other)];
      expect(all).not.toContain(undefined);
      expect(new Set(all).size).toBe(all.length);
    } finally {
      await other.stop();
    }
  });

  test("the folder is its owner's alone", () => {
    expect(statSync(sandbox.folder).mode & 0o777).toBe(0o700);
  });

  test("keys made of texts, as they once were, open nothing", async () => {
    const text = "immich-authentik-sso sandbox: user key";
    const former = seededKeyPair(createHash("sha256").update(text).digest(), "sandbox-user");
    for (const { privateKey } of [former, keyPair("user key", "sandbox-user")])
      expect(await sshLogin(privateKey)).toMatch(/authentication/);
    expect(await sshLogin(sandbox.ssh.privateKey)).toBe("in");
  });

  test.each(["database-in-the-sandbox", "postgres", "sandbox", ""])(
    "PostgreSQL does not take the password %j",
    async (password) => {
      const { host, port, database, user } = sandbox.postgres;
      const client = new Postgres({ host, port, database, user, password });
      client.on("error", () => undefined);
      await expect(client.connect()).rejects.toThrow(/password/i);
    },
  );

  test.each(["sandbox-authentik-api-token", "sandbox-control"])(
    "Authentik does not take the token %s",
    async (token) => {
      const headers = { authorization: `Bearer ${token}` };
      for (const path of ["api/v3/core/users/", "sandbox/requests"]) {
        const { status } = await fetch(`${sandbox.authentik.url}/${path}`, { headers });
        expect([path, [401, 403, 404].includes(status)]).toEqual([path, true]);
      }
    },
  );
});

const asNobody = process.getuid?.() === 0 ? test : test.skip;

asNobody("another local user reads nothing: no folder, no state, no process", () => {
  const state = join(sandbox.folder, "pulumi/.pulumi/stacks/immich-authentik-sso/sandbox.json");
  const look = [
    `ls '${sandbox.folder}'`,
    `cat '${state}'`,
    `cat '${sandbox.arguments[1]}'`,
    `ls '${sandbox.folder}/host/bin'`,
    `cat /proc/${sandbox.pid}/environ`,
    `cp /etc/hostname '${sandbox.folder}/planted'`,
  ];
  for (const command of look) {
    const root = command.startsWith("cp") ? 0 : spawnSync("sh", ["-c", command]).status;
    const { status, stdout } = spawnSync(
      "setpriv",
      ["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", command],
      { encoding: "utf8", cwd: "/" },
    );
    expect([command, root, status !== 0, stdout]).toEqual([command, 0, true, ""]);
  }
  // What all can read of the processes: their command lines.
  const { stdout } = spawnSync(
    "setpriv",
    ["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", "cat /proc/[0-9]*/cmdline"],
    { encoding: "latin1", cwd: "/", maxBuffer: 64 * 1024 * 1024 },
  );
  expect(stdout).toContain("sandbox/main.ts");
  for (const secret of [
    sandbox.controls.token,
    sandbox.postgres.password,
    sandbox.authentik.token,
    sandbox.environment["PULUMI_CONFIG_PASSPHRASE"] ?? "",
  ])
    expect(stdout).not.toContain(secret);
});

describeInBrowser("a page in a browser", () => {
  let site: Server;

  beforeAll(async () => {
    site = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<title>a page</title>");
    });
    await new Promise<void>((done) => site.listen(0, "127.0.0.1", done));
  });
  afterAll(() => new Promise((done) => site.close(done)));

  test("changes and learns nothing by the controls, nor by a name that points here", async () => {
    await sandbox.sql("CREATE TABLE IF NOT EXISTS planted (who text)");
    const browser = await launchBrowser([
      "--host-resolver-rules=MAP rebound.example.org 127.0.0.1",
    ]);
    try {
      const page = await browser.newPage();
      const port = (site.address() as AddressInfo).port;
      await page.goto(`http://127.0.0.1:${port}/`);
      const control = `${sandbox.controls.url}/postgres/query`;
      const body = JSON.stringify({ sql: "INSERT INTO planted VALUES ('a page')" });
      const attempts = await page.evaluate(
        async ({ control, body, token }) => {
          const types = ["text/plain", "application/json", "application/x-www-form-urlencoded"];
          const seen: string[] = [];
          for (const mode of ["no-cors", "cors"] as const)
            for (const type of types)
              for (const authorization of [undefined, `Bearer ${token}`]) {
                const headers = { "content-type": type, ...(authorization && { authorization }) };
                seen.push(
                  await fetch(control, { method: "POST", mode, headers, body }).then(
                    async (response) => await response.text(),
                    () => "",
                  ),
                );
              }
          return seen;
        },
        { control, body, token: sandbox.controls.token },
      );
      expect(attempts).toHaveLength(12);
      expect(attempts.join("")).toBe("");
      // DNS rebinding: for the browser it is the page's own server, so it may read the answer.
      await page.goto(control.replace("127.0.0.1", "rebound.example.org"));
      const rebound = await page.evaluate(
        async ({ body, token }) => {
          const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
          const response = await fetch("/postgres/query", { method: "POST", headers, body });
          return response.status;
        },
        { body, token: sandbox.controls.token },
      );
      expect(rebound).toBe(403);
      // A form needs no permission, and its body can be made to look like JSON.
      await page.goto(`http://127.0.0.1:${port}/`);
      const answered = page.waitForResponse((response) => response.url() === control);
      const name = `${body.slice(0, -1)},"x":"`.replaceAll('"', "&quot;");
      await page.setContent(
        `<form method="POST" enctype="text/plain" action="${control}"><input name="${name}" value="&quot;}"><button>Go</button></form>`,
      );
      await page.getByRole("button").click();
      expect((await answered).status()).toBe(403);
    } finally {
      await browser.close();
    }
    expect(await sandbox.sql("SELECT * FROM planted")).toEqual([]);
  });
});

/** "in", or why not. */
function sshLogin(privateKey: string): Promise<string> {
  const client = new Ssh();
  const { host, port, user } = sandbox.ssh;
  return new Promise<string>((done) => {
    client.on("error", ({ message }) => done(message)).on("ready", () => done("in"));
    client.connect({ host, port, username: user, privateKey });
  }).finally(() => client.end());
}

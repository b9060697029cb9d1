// `npm run doctor` itself, through the CLI, on a stack whose state was put there without a deployment.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { checkIds } from "../../checks/catalogue";
import type { Report } from "../../checks/print";
import { CLIENT_SECRET, Lab, redirectUri } from "./lab";
import { doctor as runDoctor, pulumi, type Ran, type RunOptions, startDoctor } from "./processes";

jest.setTimeout(120_000);

const lab = new Lab();
const folder = mkdtempSync(join(tmpdir(), "doctor-"));
const configFile = join(folder, "Pulumi.sandbox.yaml");

beforeAll(async () => {
  await lab.start();
  const { arguments: options } = lab.description();
  writeFileSync(configFile, readFileSync(options[1] ?? ""));
  for (const [key, value] of [
    ["authentik:url", lab.apiUrl],
    ["authentikPublicUrl", lab.publicUrl],
    ["immichUrl", lab.immichUrl],
    ["immichApiUrl", lab.immichApiUrl],
    ["accountLinking", "true"],
    ["mobileApp", "true"],
  ] as const) {
    await setUp(["config", "set", key, value, "--config-file", configFile]);
  }
  for (const [path, value] of [
    ["extraRedirectUris[0]", "https://other.example.org/auth/login"],
    ["accessGroups[0]", "immich-users"],
  ] as const) {
    await setUp(["config", "set", "--path", path, value, "--config-file", configFile]);
  }
  const { token } = lab.description().authentik;
  const secret = ["config", "set", "--secret", "authentik:token", token];
  await setUp([...secret, "--config-file", configFile]);
});

afterEach(() => lab.mend());

afterAll(async () => {
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function setUp(args: string[], input?: string): Promise<void> {
  const env = lab.description().environment;
  const ran = await pulumi([...args, "--stack", "sandbox"], { input, env });
  if (ran.code !== 0) throw new Error(`pulumi ${args[0]}: ${ran.stderr}`);
}

function doctor(args: string[], { input, env }: RunOptions = {}): Promise<Ran> {
  const all = { ...lab.description().environment, ...env };
  return runDoctor(["--config-file", configFile, ...args], { input, env: all });
}

/** The doctor while it watches. */
function watching(args: string[]) {
  const run = startDoctor(["--config-file", configFile, ...args], lab.description().environment);
  let text = "";
  run.stdout?.on("data", (chunk) => (text += String(chunk)));
  const ended = new Promise<number | null>((resolve) => run.once("exit", resolve));
  return {
    async until(pattern: RegExp): Promise<void> {
      while (!pattern.test(text)) {
        if (run.exitCode !== null) throw new Error(`the doctor ended:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async interrupt(): Promise<{ code: number | null; tables: number }> {
      run.kill("SIGINT");
      return { code: await ended, tables: text.match(/^OpenID: /gm)?.length ?? 0 };
    },
  };
}

const onStack = (...args: string[]): string[] => ["--stack", "sandbox", ...args];

const URN = "urn:pulumi:sandbox::immich-authentik-sso::";

/**
 * Puts resources into the stack as a deployment would have. The stack's outputs are those of an earlier
 * one, as the official language host leaves them after a failed `up`.
 */
async function pretendDeployment(): Promise<void> {
  const { clientId, redirectUris, settings, settingsChangedAt } = lab.input();
  const secret = (value: unknown) => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify(value),
  });
  const allowedRedirectUris = redirectUris.map(redirectUri);
  const resources = [
    {
      ...resource("pulumi:pulumi:Stack", "immich-authentik-sso-sandbox", {
        issuerUrl: "https://stale.example.org/application/o/immich/",
        clientId: "stale",
        clientSecret: "stale",
        scopes: ["openid"],
        redirectUris: [],
      }),
      custom: false,
      id: undefined,
    },
    resource("authentik:index/providerOauth2:ProviderOauth2", "immich-provider", {
      name: "immich-oauth-provider",
      clientId,
      clientSecret: secret(CLIENT_SECRET),
      allowedRedirectUris,
    }),
    resource("authentik:index/application:Application", "immich-application", {
      name: "Immich",
      slug: "immich",
    }),
    resource("authentik:index/policyBinding:PolicyBinding", "immich-access-immich-users", {}),
    resource("random:index/randomPassword:RandomPassword", "immich-client-secret", {}),
    resource("immich:index:Settings", "immich-settings-row", {
      deployed: secret(settings),
      settingsChangedAt,
    }),
  ];
  const salt = /^encryptionsalt: (.*)$/m.exec(readFileSync(configFile, "utf8"))?.[1];
  const deployment = {
    manifest: { time: new Date().toISOString(), magic: "", version: "" },
    secrets_providers: { type: "passphrase", state: { salt } },
    resources,
  };
  await setUp(["stack", "import"], JSON.stringify({ version: 3, deployment }));
}

function resource(type: string, name: string, outputs: object): object {
  return { urn: `${URN}${type}::${name}`, custom: true, id: name, type, inputs: {}, outputs };
}

test("nothing deployed: says so, and checks what is configured", async () => {
  const { code, stdout, stderr } = await doctor(onStack("--json"));
  const report = JSON.parse(stdout) as Report;
  expect(report.checks.map((one) => one.id)).toEqual(checkIds);
  expect(stderr).toMatch(/Nothing is deployed in this stack/);
  expect(code).toBe(report.ok ? 0 : 1);
});

describe("deployed", () => {
  beforeAll(pretendDeployment);

  test("healthy: exit code 0, one object of JSON, nothing else", async () => {
    const { code, stdout, stderr } = await doctor(onStack("--json"));
    const report = JSON.parse(stdout) as Report;
    expect(report.checks.filter((one) => one.verdict !== "ok")).toEqual([]);
    expect({ code, ok: report.ok, stderr }).toEqual({ code: 0, ok: true, stderr: "" });
    expect(Object.keys(report)).toEqual(["ok", "checks", "notDeployed"]);
    expect(Object.keys(report.checks[0] ?? {})).toEqual(["id", "verdict", "seen", "fix"]);
  });

  test("configuration that is not deployed is a line of its own, and no fault", async () => {
    await setUp(["config", "set", "buttonText", "Other", "--config-file", configFile]);
    await setUp(["config", "set", "applicationSlug", "photos", "--config-file", configFile]);
    const { code, stdout } = await doctor(onStack());
    await setUp(["config", "rm", "buttonText", "--config-file", configFile]);
    await setUp(["config", "rm", "applicationSlug", "--config-file", configFile]);
    expect({ code, alarms: stdout.match(/^(BROKEN|unknown).*/gm) }).toEqual({
      code: 0,
      alarms: null,
    });
    expect(stdout).toMatch(
      /^not deployed yet: applicationSlug, buttonText \(`npx pulumi up --stack sandbox` deploys them;/m,
    );
  });

  test("a changed secret: exit code 1, the table says which, why and what to do", async () => {
    await lab.patchProvider({ client_secret: "canary-changed-by-hand" });
    const { code, stdout, stderr } = await doctor(onStack());
    expect(code).toBe(1);
    expect(stdout).toMatch(/^BROKEN +client-secret +POST .*invalid_client/m);
    expect(stdout).toMatch(/^ +fix: +.*`npx pulumi up --refresh --stack sandbox`/m);
    expect(stdout + stderr).not.toMatch(/canary/);
  });

  test("the table: what is broken first, the rest by group, no colour where there is no terminal", async () => {
    await lab.patchProvider({ client_secret: "canary-changed-by-hand" });
    const { stdout } = await doctor(onStack());
    const heads = stdout.split("\n").filter((line) => /^BROKEN|^[A-Z]\w+.*: \d+ ok/.test(line));
    expect(heads.map((line) => line.replace(/: .*|\s{2,}.*/, ""))).toEqual([
      "BROKEN",
      "Authentik",
      "OpenID",
      "Immich",
      "Immich's host",
    ]);
    expect(stdout).not.toContain("\u001b");
  });

  test("--report: versions, choices and every check, and nothing that says whose homelab it is", async () => {
    await lab.patchProvider({ client_secret: "canary-changed-by-hand" });
    const { code, stdout } = await doctor(onStack("--report"));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^```text\nimmich-authentik-sso \d+\.\d+\.\d+, @pulumi\/pulumi 3\./);
    expect(stdout).toMatch(/^BROKEN +client-secret +POST <authentikPublicUrl>/m);
    for (const id of checkIds) expect(stdout).toContain(` ${id} `);
    const { clientId, accessGroups = [] } = lab.input();
    const { token } = lab.description().authentik;
    const theirs = [lab.apiUrl, lab.publicUrl, lab.immichUrl, clientId, token, ...accessGroups];
    expect([...theirs, "127.0.0.1", "canary"].filter((text) => stdout.includes(text))).toEqual([]);
  });

  test("--watch: the table once, then each change of a verdict, until it is interrupted", async () => {
    const seen = watching(onStack("--watch", "--every", "1"));
    await seen.until(/^\d+ ok$/m);
    await lab.patchProvider({ client_secret: "canary-changed-by-hand" });
    await seen.until(/^\d\d:\d\d:\d\d {2}client-secret: ok → broken: .*\n +fix: .*--refresh/m);
    const ended = await seen.interrupt();
    expect(ended).toEqual({ code: 1, tables: 1 });
  });

  test("Authentik's API, Immich and SSH down: the rest is still asked", async () => {
    lab.apiProxy.down = true;
    await lab.turnOff("immich/stop");
    await lab.control("ssh/stop");
    const started = Date.now();
    const { code, stdout } = await doctor(onStack("--json"));
    const { checks } = JSON.parse(stdout) as Report;
    const broken = checks.filter((one) => one.verdict === "broken").map((one) => one.id);
    expect({ code, broken }).toEqual({
      code: 1,
      broken: ["authentik-reachable", "immich-reachable", "host-reachable"],
    });
    expect(checks.find((one) => one.id === "client-secret")?.verdict).toBe("ok");
    expect(Date.now() - started).toBeLessThan(30_000);
  });

  test("--login with a user's name, the password piped in: what Immich answered", async () => {
    const { username, password } = lab.alice;
    const login = onStack("--login", "--user", username);
    const good = await doctor(login, { input: `${password}\n` });
    expect(good.stderr).toMatch(/can't be done without a person/);
    expect(good.stderr).toMatch(/Immich answered: HTTP 201, logged in as alice@example.test/);
    expect(good.code).toBe(0);
    const wrong = await doctor(login, { input: "canary-wrong\n" });
    expect(wrong.stderr).toMatch(/stopped at authentik: Authentik says: Invalid password/);
    expect(wrong.stderr + wrong.stdout).not.toMatch(/canary/);
    expect(wrong.code).toBe(1);
  });

  test("--login without a terminal and without a name: says how", async () => {
    const { code, stderr } = await doctor(onStack("--login"));
    expect({ code, told: /--user NAME/.test(stderr) }).toEqual({ code: 2, told: true });
  });
});

const unreadable: [string, string[], Record<string, string>, RegExp][] = [
  ["no such stack", ["--stack", "nosuch"], {}, /no stack nosuch .*pulumi stack ls/],
  [
    "wrong passphrase",
    onStack(),
    { PULUMI_CONFIG_PASSPHRASE: "canary" },
    /can't be decrypted: PULUMI_CONFIG_PASSPHRASE is not the one/,
  ],
  ["unknown option", ["--frobnicate"], {}, /usage: npm run doctor/],
  ["two ways at once", ["--json", "--report"], {}, /exclude each other/],
  ["a pause of nothing", ["--watch", "--every", "0"], {}, /seconds from 1 to 86400/],
];

test.each(unreadable)("%s: exit code 2 and one clear message", async (_name, args, env, says) => {
  const { code, stdout, stderr } = await doctor(args, { env });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(says);
  expect(stderr).not.toMatch(/canary|at .*\(.*:\d+:\d+\)/);
  expect(stderr.trim().split("\n").length).toBeLessThan(4);
});

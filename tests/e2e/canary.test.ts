/**
 * A secret in every secret input, and none of them anywhere in clear: outputs and errors of the CLI,
 * its state and logs, temporary files, command lines, what the other end was asked to run.
 */
import { randomBytes } from "node:crypto";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { loginPassword } from "../../immich/login";
import { type Canaries, found, inFiles, PULUMI_LOGS, Watch } from "./canaries";
import { startLab, type Lab } from "./lab";
import { needsControl } from "./needs";
import { feedCli, until } from "./running";

const { test } = needsControl("it is written for the sandbox's names and controls");

jest.setTimeout(400_000);

const STARTED = Date.now() - 1000;
/** Another one in each run: what a second run on this machine does with its secrets is not ours. */
const RUN = randomBytes(6).toString("hex");
const PASSPHRASE = `canary-passphrase-of-the-key-${RUN}`;
const POSTGRES = `canary-password-of-postgres-${RUN}`;
const TOKEN = `canary-token-of-authentik-${RUN}`;
const FIRST = `canary-first-client-secret-${RUN}`;
const SECOND = `canary-second-client-secret-${RUN}`;
const STRAY = `canary-secret-set-by-an-admin-${RUN}`;

let lab: Lab;
let canaries: Canaries;
let temporary: string;
/** What each run of the CLI printed, by what was done. */
const printed: Record<string, string> = {};
/** Where a secret was seen while the CLI ran. */
const sightings: string[] = [];

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), "immich-sso-canary-"));
  lab = await startLab({ authentikToken: TOKEN, postgresPassword: POSTGRES });
  const key = encryptedKey();
  canaries = {
    "authentik:token": TOKEN,
    "a wrong token": "canary-wrong-token",
    clientSecret: FIRST,
    "the next clientSecret": SECOND,
    "a clientSecret set by an admin": STRAY,
    postgresPassword: POSTGRES,
    "the login's password": await loginPassword(POSTGRES, "immich_sso_sandbox"),
    sshPrivateKeyPassphrase: PASSPHRASE,
    "sshPrivateKey, encrypted": inner(key),
  };
  Object.assign(lab.project.environment, { TMPDIR: temporary });
  await secret("authentik:token", TOKEN);
  await secret("postgresPassword", POSTGRES);
  await secret("sshPrivateKey", key);
  await secret("sshPrivateKeyPassphrase", PASSPHRASE);
  await secret("clientSecret", FIRST);
});
afterAll(async () => {
  await lab?.stop();
  rmSync(temporary, { recursive: true, force: true });
});

const secret = (key: string, value: string) =>
  feedCli(lab.project, ["config", "set", "--stack", "sandbox", "--secret", key], value);

/** Runs the CLI while command lines and temporary files are watched; its outputs are kept. */
async function run(what: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const watch = new Watch(canaries, temporary);
  const { code, stdout, stderr } = await lab.project.run(...args);
  watch.stop();
  expect(watch.looked).toBeGreaterThan(100);
  sightings.push(...watch.sightings);
  const text = `${stdout}\n${stderr}`;
  printed[what] = text;
  return { code, text };
}

const up = (what: string) => run(what, "up", "--yes", "--skip-preview", "--diff");

test("a secret on a command line or in a temporary file would be seen", async () => {
  const watch = new Watch({ planted: "canary-that-is-planted" }, temporary);
  const file = join(temporary, "planted.gz");
  writeFileSync(file, gzipSync("so says the canary-that-is-planted"));
  const child = spawn("sleep", ["30"], { argv0: "sleep canary-that-is-planted" });
  await until("both are seen", () => watch.sightings.size >= 2, 20).finally(() => watch.stop());
  child.kill();
  rmSync(file);
  expect([...watch.sightings].sort()).toEqual([
    `planted: ${file}`,
    `planted: command line of ${child.pid}`,
  ]);
});

test("a first up, with every secret set", async () => {
  expect((await run("preview", "preview", "--diff")).code).toBe(0);
  const { code, text } = await up("up");
  expect({ code, text }).toMatchObject({ code: 0 });
});

test("what fails with a changed secret says why", async () => {
  await secret("clientSecret", SECOND);
  expect((await run("preview of another secret", "preview", "--diff")).text).toMatch(
    /~ oauth\.clientSecret: \[secret\] => \[secret\]/,
  );

  await lab.sandbox.control("ssh/policies", { acceptKeys: false });
  const refused = await up("SSH refuses the key");
  expect(refused.code).not.toBe(0);
  expect(refused.text).toContain("sshPrivateKey");
  await lab.sandbox.control("ssh/policies", { acceptKeys: true });

  await lab.sandbox.control("postgres/stop");
  expect((await up("Postgres is down")).code).not.toBe(0);
  await lab.sandbox.control("postgres/start");
});

test("what fails after the write says why", async () => {
  await lab.sandbox.control("docker/policies", { restart: "fails" });
  const restart = await up("the restart fails");
  expect(restart.code).not.toBe(0);
  expect(restart.text).toContain("port is already allocated");
  await lab.sandbox.control("docker/policies", { restart: "works" });

  await lab.sandbox.control("authentik/faults", { issuerWithoutSlash: true });
  const check = await up("the login check fails");
  expect(check.code).not.toBe(0);
  expect(check.text).toMatch(/issuer/i);
  await lab.sandbox.control("authentik/faults", { method: "DELETE" });

  await secret("authentik:token", "canary-wrong-token");
  const token = await up("the token is wrong");
  expect(token.code).not.toBe(0);
  expect(token.text).toContain("does not accept the API token");
  await secret("authentik:token", TOKEN);
});

test("a secret that an admin changed is drift, without the value", async () => {
  await lab.sandbox.sql(
    `UPDATE system_metadata SET value = jsonb_set(value, '{oauth,clientSecret}', to_jsonb($1::text)) WHERE key = 'system-config'`,
    [STRAY],
  );
  const { code, text } = await run("refresh", "refresh", "--yes", "--skip-preview", "--diff");
  expect({ code, text }).toMatchObject({ code: 0 });
  expect(text).toMatch(/~ oauth\.clientSecret: \[secret\] => \[secret\]/);
  const healed = await up("up heals it");
  expect({ code: healed.code, text: healed.text }).toMatchObject({ code: 0 });
});

test("Immich and Authentik have the secret; nobody else does", async () => {
  const [row] = await lab.sandbox.sql<{ value: { oauth: { clientSecret: string } } }>(
    `SELECT value FROM system_metadata WHERE key = 'system-config'`,
  );
  expect(row?.value.oauth.clientSecret).toBe(SECOND);
  const { authentik } = lab.sandbox;
  const answer = await fetch(`${authentik.url}/api/v3/providers/oauth2/`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect(await answer.text()).toContain(SECOND);

  await run("stack export", "stack", "export");
  await run("config", "config");
  await run("config as JSON", "config", "--json");
  await run("stack output", "stack", "output");
  await run("stack", "stack");
  await run("destroy", "destroy", "--yes", "--skip-preview", "--diff");
  expect(Object.entries(printed).filter(([, text]) => text.trim() === "")).toEqual([]);
  const told = Object.entries(printed).flatMap(([what, text]) =>
    found(canaries, text).map((name) => `${name}: ${what}`),
  );
  expect(told).toEqual([]);
  expect(sightings).toEqual([]);

  expect(inFiles(canaries, lab.project.folder)).toEqual([]);
  expect(inFiles(canaries, temporary)).toEqual([]);
  expect(inFiles(canaries, PULUMI_LOGS, STARTED)).toEqual([]);

  const { control } = lab.sandbox;
  const { commands } = await control<{ commands: string[] }>("ssh/state");
  expect(commands.length).toBeGreaterThan(5);
  const otherEnd = {
    "commands over SSH": commands,
    "requests to Authentik": await control("authentik/requests", { method: "GET" }),
    "Authentik's log": await control("authentik/logs"),
    "Immich's log": await control("immich/logs"),
    "PostgreSQL's log": await control("postgres/logs"),
  };
  for (const [what, log] of Object.entries(otherEnd))
    expect([what, ...found(canaries, JSON.stringify(log))]).toEqual([what]);
});

/** The sandbox's key, as `ssh-keygen -p` encrypts it. */
function encryptedKey(): string {
  const file = join(temporary, "key");
  try {
    writeFileSync(file, lab.sandbox.ssh.privateKey, { mode: 0o600 });
    execFileSync("ssh-keygen", ["-p", "-q", "-f", file, "-N", PASSPHRASE, "-P", ""]);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(file, { force: true });
  }
}

/** A line of a key file that has secret bytes in it: the one before the last. */
function inner(key: string): string {
  return key.trim().split("\n").at(-3) ?? "";
}

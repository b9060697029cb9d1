/** `npm run e2e -- --homelab FILE`, in short: against a sandbox whose controls it does not have. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { startSandbox, type Sandbox } from "../../sandbox/client";
import { HOST_KEY } from "../stackFile";
import { differences, lookAt } from "./homelab/before";
import { check, type Description } from "./homelab/description";
import { Homelab } from "./homelab/homelab";
import type { Inventory } from "./homelab/inventory";
import { placesOf } from "./homelab/run";
import { needsControl } from "./needs";
import { until } from "./running";

jest.setTimeout(400_000);

const { test } = needsControl("it starts such a run itself");

const root = resolve(__dirname, "../..");
let sandbox: Sandbox;
let homelab: Homelab;
let folder: string;
let file: string;
let before: Inventory;

beforeAll(async () => {
  sandbox = await startSandbox({ portBase: 0 });
  folder = mkdtempSync(join(tmpdir(), "immich-sso-e2e-"));
  file = join(folder, "homelab.json");
  const { authentik, immich, ssh, postgres, compose } = sandbox;
  const description: Description = { authentik, immich, ssh, postgres, compose };
  writeFileSync(file, JSON.stringify(description), { mode: 0o600 });
  homelab = new Homelab(description);
  // What an administrator has changed by hand, and is to be found again.
  await homelab.save({ oauth: { buttonText: "Of before" }, trash: { days: 7 } });
  before = await lookAt(homelab);
});
afterAll(async () => {
  await homelab?.close();
  await sandbox?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  output(): string;
  readonly ended: Promise<{ code: number | null; output: string }>;
  /** The prefix of its names, as soon as it has said it. */
  prefix(): Promise<string>;
}

function start(...args: string[]): Started {
  const child = spawn(
    process.execPath,
    ["-r", "./register.js", "tests/e2e/main.ts", "--homelab", file, ...args],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  const ended = new Promise<{ code: number | null; output: string }>((done) =>
    child.once("close", (code) => done({ code, output })),
  );
  const said = () => /names of this run begin with (\w+)/i.exec(output)?.[1];
  return {
    child,
    output: () => output,
    ended,
    prefix: async () => {
      await until(() => `it says its prefix; it said ${output}`, said, 120);
      return said() ?? "";
    },
  };
}

const isAsBefore = async () => expect(differences(before, await lookAt(homelab))).toEqual([]);

test("without a yes it says what it will touch, and touches nothing", async () => {
  const { code, output } = await start().ended;
  expect(output).toContain(`Immich      ${sandbox.immich.url} (1.135.3)`);
  expect(output).toContain("Nothing was touched. To go on without a question: --yes");
  expect(code).toBe(2);
  await isAsBefore();
});

test("what is skipped is listed with the reason; the homelab is as before", async () => {
  const run = start("--yes", "tests/e2e/brokenLogin");
  const { code, output } = await run.ended;
  expect(output).toContain(
    "skipped: with loginCheck warn it is said, and checked again by the next up; with off, not asked (skipped, only in the sandbox: its Authentik announces another issuer)",
  );
  expect(output).toContain("ok: the homelab is as it was before");
  expect(output).toMatch(/\n1 passed, 0 failed, 2 skipped\n$/);
  expect(code).toBe(0);
  await isAsBefore();
});

test("Ctrl-C in the middle of an up: all is put back, and no process and no file is left", async () => {
  const run = start("--yes", "tests/e2e/lifecycle");
  const { folder } = placesOf(await run.prefix());
  const enabled = async () => JSON.stringify((await lookAt(homelab)).settings).includes("e2e_");
  await until(() => `the up has written; it said ${run.output()}`, enabled, 200);
  run.child.kill("SIGINT");
  const { code, output } = await run.ended;
  expect(output).toContain("Stopped. Making the homelab as it was");
  expect(output).toContain("ok: the homelab is as it was before");
  expect(code).toBe(130);
  await isAsBefore();
  expect(existsSync(folder)).toBe(false);
});

test("a run that was killed is finished by --put-back, and none starts before", async () => {
  const run = start("--yes", "tests/e2e/brokenLogin");
  await run.prefix();
  run.child.kill("SIGKILL");
  await run.ended;
  const refused = await start("--yes").ended;
  expect(refused.output).toContain(`npm run e2e -- --homelab ${file} --put-back`);
  expect(refused.code).toBe(2);
  const { code, output } = await start("--put-back").ended;
  expect(output).toContain("ok: the homelab is as it was before");
  expect(code).toBe(0);
  await isAsBefore();
});

test("something that stays fails the run, which names it", async () => {
  const run = start("--yes", "tests/e2e/brokenLogin");
  await run.prefix();
  const { pk } = await homelab.api("POST", "core/groups/", { name: "somebody else's" });
  const { code, output } = await run.ended;
  expect(output).toContain("Authentik, core/groups/ somebody else's: is new");
  expect(output).toMatch(/\n0 passed, 1 failed, 2 skipped\n$/);
  expect(code).toBe(1);
  await homelab.api("DELETE", `core/groups/${String(pk)}/`);
  expect(await start("--put-back").ended).toMatchObject({ code: 0 });
  await isAsBefore();
});

test("a login by OAuth that is in use is not taken over without being told to", async () => {
  await homelab.save({
    oauth: {
      enabled: true,
      clientId: "in-use",
      clientSecret: "canary",
      issuerUrl: "http://x.test",
    },
  });
  const { code, output } = await start("--yes").ended;
  expect(output).toContain("login by OAuth is in use");
  expect(output).toContain("--yes-change-immich");
  expect(output).not.toContain("canary");
  expect(code).toBe(2);
  const off = { enabled: false, clientId: "", clientSecret: "", issuerUrl: "" };
  await homelab.save({ oauth: off });
  await isAsBefore();
});

test("a test can't change what it did not make", async () => {
  const guarded = new Homelab(homelab.description, before);
  const [group] = await guarded.list("core/groups/?name=immich-users");
  const path = `core/groups/${String(group?.["pk"])}/`;
  await expect(guarded.api("PATCH", path, { name: "x" })).rejects.toThrow("is the homelab's own");
  await isAsBefore();
});

test("the file: the documentation's example is one; secrets that others can read are refused", async () => {
  const page = readFileSync(join(root, "docs/proving.md"), "utf8");
  const [, example = ""] = /```json\n(.*?)```/s.exec(page) ?? [];
  const description = JSON.parse(example);
  description.ssh = { ...description.ssh, hostKey: HOST_KEY, privateKey: sandbox.ssh.privateKey };
  expect(check(description)).toEqual([]);
  expect(check({ ...description, immich: { url: "https://photos.example.org" } })).toEqual([
    "immich.admin {email, password} or immich.apiKey is missing: an administrator's",
  ]);
  const throughApi = { ...description.config, settingsThrough: "api", immichApiKey: "k" };
  expect(check({ ...description, config: throughApi })).toEqual([
    'config.settingsThrough: "api"; allowed: "database", which the tests look into',
  ]);

  file = join(folder, "open.json");
  writeFileSync(file, JSON.stringify(description), { mode: 0o644 });
  const { code, output } = await start("--yes").ended;
  expect(output).toContain(`chmod 600 ${file}`);
  expect(code).toBe(2);
});

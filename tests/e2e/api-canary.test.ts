/** Through Immich's API: no secret anywhere in clear, whatever fails; and what doctor says of such a stack. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { type ApiLab, giveKey, startApiLab } from "./apiLab";
import { type Canaries, found, inFiles, PULUMI_LOGS, Watch } from "./canaries";
import { needsControl } from "./needs";

jest.setTimeout(400_000);

const { test } = needsControl("it makes Immich's API fail and reads what its server was asked");

const ROOT = resolve(__dirname, "../..");
const STARTED = Date.now() - 1000;

let lab: ApiLab;
let canaries: Canaries;
let temporary: string;
const printed: Record<string, string> = {};
const sightings: string[] = [];

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), "immich-sso-canary-"));
  lab = await startApiLab({ immichVersion: "3.1.0" });
  canaries = {
    immichApiKey: lab.sandbox.immich.apiKey,
    "a wrong key": `canary-wrong-${Date.now()}`,
  };
  Object.assign(lab.project.environment, { TMPDIR: temporary });
});
afterAll(async () => {
  await lab?.stop();
  rmSync(temporary, { recursive: true, force: true });
});

async function run(what: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const watch = new Watch(canaries, temporary);
  const { code, stdout, stderr } = await lab.project.run(...args);
  watch.stop();
  sightings.push(...watch.sightings);
  printed[what] = `${stdout}\n${stderr}`;
  return { code, text: printed[what] };
}

const up = (what: string) => run(what, "up", "--yes", "--skip-preview", "--diff");

test("a wrong key is refused before anything is made, in the preview already", async () => {
  await giveKey(lab, canaries["a wrong key"] ?? "");
  const preview = await run("preview with a wrong key", "preview", "--diff");
  expect(preview.code).not.toBe(0);
  expect(preview.text).toMatch(
    /does not accept the API key \(401\)[\s\S]*config set --secret immichApiKey --stack sandbox/,
  );
  expect((await up("up with a wrong key")).text).not.toMatch(/ProviderOauth2/);
  await giveKey(lab, canaries["immichApiKey"] ?? "");
});

test("a key that may only read is refused before anything is made, with the permission", async () => {
  await lab.sandbox.sql(`UPDATE api_keys SET permissions = '{systemConfig.read,apiKey.read}'`);
  const { code, text } = await up("a key that may only read");
  expect(code).not.toBe(0);
  expect(text).toMatch(/has not the permission systemConfig\.update/);
  expect(text).not.toMatch(/ProviderOauth2/);
  await lab.sandbox.sql(
    `UPDATE api_keys SET permissions = '{systemConfig.read,systemConfig.update}'`,
  );
});

test("up, answers that fail, a proxy's page: told, and the next up finishes", async () => {
  const { code, text } = await up("up");
  expect({ code, text }).toMatchObject({ code: 0 });

  lab.project.configure("sandbox", { buttonText: "Sign in" });
  const fault = { method: "PUT", path: "/api/system-config", times: 9 };
  await lab.sandbox.control("immich/faults", { faults: [{ ...fault, status: 500 }] });
  const failed = await up("Immich answers 500");
  expect(failed.code).not.toBe(0);
  expect(failed.text).toMatch(/PUT \/api\/system-config.*it answered 500/s);
  await lab.sandbox.control("immich/faults", { faults: [] });
  expect((await lab.config())["oauth"]).toMatchObject({ buttonText: "Login with Authentik" });
  expect((await up("up again")).code).toBe(0);
  expect((await lab.config())["oauth"]).toMatchObject({ buttonText: "Sign in" });
});

test("Immich's settings from a file: nothing is written, and what to do is said", async () => {
  const { immich } = lab.sandbox;
  await lab.sandbox.control("immich/configure", { configFile: { oauth: { enabled: false } } });
  lab.project.configure("sandbox", { buttonText: "Another" });
  const { code, text } = await up("a configuration file");
  expect(code).not.toBe(0);
  expect(text).toMatch(/IMMICH_CONFIG_FILE/);
  await lab.sandbox.control("immich/configure", { configFile: null });
  lab.project.configure("sandbox", { buttonText: "Sign in" });
  expect(immich.url).toMatch(/^http/);
});

test("doctor: SSH is not used, and not loaded; administrators are unknown to a key that may not see them", async () => {
  const loaded = join(temporary, "loaded");
  writeFileSync(loaded, "");
  const doctor = (...args: string[]) =>
    spawnSync(
      process.execPath,
      ["-r", "./register.js", "commands/doctor.ts", "--stack", "sandbox", ...args],
      {
        cwd: ROOT,
        encoding: "utf8",
        env: {
          ...process.env,
          ...lab.project.environment,
          NODE_OPTIONS: `--require ${resolve(ROOT, "tests/support/loadedModules.js")}`,
          LOADED_MODULES: loaded,
        },
      },
    );
  const file = ["--config-file", join(lab.project.folder, "Pulumi.sandbox.yaml")];
  const { stdout, stderr, status } = doctor("--json", ...file);
  printed["doctor"] = stdout + stderr;
  const report = JSON.parse(stdout || "{}") as {
    checks: { id: string; verdict: string; seen: string }[];
    notDeployed: string[];
  };
  const of = (id: string) => report.checks.find((one) => one.id === id);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(report.notDeployed).toEqual([]);
  for (const id of ["host-reachable", "container-restarted"])
    expect(of(id)).toMatchObject({ verdict: "ok", seen: expect.stringMatching(/^not used/) });
  expect(of("settings-row")).toMatchObject({ verdict: "ok" });
  expect(readFileSync(loaded, "utf8")).toBe("");

  lab.project.configure("sandbox", { passwordLogin: "false" });
  expect((await up("password login off")).code).toBe(0);
  const again = JSON.parse(doctor("--json", ...file).stdout) as typeof report;
  expect(again.checks.find(({ id }) => id === "admin-way-in")).toMatchObject({
    verdict: "unknown",
    seen: expect.stringMatching(/has not the permission adminUser\.read/),
  });
  printed["doctor's report"] = doctor("--report", ...file).stdout;
  expect(printed["doctor's report"]).toMatch(/settingsThrough=api/);
});

test("the key is nowhere in clear", async () => {
  for (const [what, ...args] of [
    ["stack export", "stack", "export"],
    ["config", "config"],
    ["config as JSON", "config", "--json"],
    ["stack output", "stack", "output"],
    ["refresh", "refresh", "--yes", "--skip-preview", "--diff"],
    ["destroy", "destroy", "--yes", "--skip-preview", "--diff"],
  ] as const)
    await run(what, ...args);
  expect(Object.entries(printed).filter(([, text]) => text.trim() === "")).toEqual([]);
  const told = Object.entries(printed).flatMap(([what, text]) =>
    found(canaries, text).map((name) => `${name}: ${what}`),
  );
  expect(told).toEqual([]);
  expect(sightings).toEqual([]);
  expect(inFiles(canaries, lab.project.folder)).toEqual([]);
  expect(inFiles(canaries, temporary)).toEqual([]);
  expect(inFiles(canaries, PULUMI_LOGS, STARTED)).toEqual([]);
  expect(found(canaries, JSON.stringify(await lab.sandbox.control("immich/logs")))).toEqual([]);
});

/** A stack for an Immich that runs from its configuration file: nothing is written to Immich, and the login is proven. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

import { loginAs } from "../../checks/login";
import { OVER_SSH } from "./apiLab";
import { type Lab, startLab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(400_000);

const { test } = needsControl("it takes an Immich that runs from a file");

const ROOT = resolve(__dirname, "../..");
let lab: Lab;
afterAll(() => lab?.stop());

test("what `npm run config-file` prints, in the file that Immich runs from, lets people log in", async () => {
  lab = await startLab({ immichVersion: "3.2.2" });
  const { sandbox, project } = lab;
  const without = Object.fromEntries(OVER_SSH.map((key) => [key, undefined]));
  project.configure("sandbox", { ...without, settingsThrough: "file", passwordLogin: false });
  await sandbox.control("ssh/reset");
  const tables = await lab.tables();

  // The client is made; that the file is somebody's to write fails nothing.
  const first = await project.ok("up", "--yes", "--skip-preview");
  expect(first).toMatch(/config-file[^]*does not run from a file/);
  expect(first).toMatch(/npm run config-file -- --stack sandbox/);
  const before = await lab.outputs();
  const secret = String(before["clientSecret"]);
  const immichConfig = before["immichConfig"] as Record<string, Record<string, unknown>>;
  expect(immichConfig["oauth"]).toMatchObject({
    enabled: true,
    issuerUrl: before["issuerUrl"],
    clientId: "immich-oauth-client",
    clientSecret: expect.stringContaining("PUT-THE-CLIENT-SECRET-HERE"),
    allowInsecureRequests: true,
  });
  // Login by password goes off only when another is proven.
  expect(immichConfig).not.toHaveProperty("passwordLogin");

  const command = (...args: string[]) => {
    const file = join(project.folder, "Pulumi.sandbox.yaml");
    const line = ["commands/configFile.ts", "--stack", "sandbox", "--config-file", file, ...args];
    return spawnSync(process.execPath, ["-r", "./register.js", ...line], {
      cwd: ROOT,
      env: { ...process.env, ...project.environment },
      encoding: "utf8",
    });
  };
  const plain = command("--json");
  expect(JSON.parse(plain.stdout)).toEqual(immichConfig);
  expect(plain.stdout + plain.stderr).not.toContain(secret);
  const yaml = command("--yaml", "--show-secrets");
  expect(yaml.stdout).toMatch(/^oauth:\n {2}enabled: true\n/);
  expect(yaml.stdout).toContain(secret);

  await sandbox.control("immich/configure", { configFile: yaml.stdout });
  await project.ok("up", "--yes", "--skip-preview");
  const after = await lab.outputs();
  const verdicts = Object.entries(after["loginCheck"] as Record<string, string>);
  expect(verdicts.filter(([, verdict]) => verdict.startsWith("broken"))).toEqual([]);
  const unsaid = verdicts.filter(([id]) => id !== "summary").map(([id]) => id);
  // What Immich shows nobody of its file.
  expect(unsaid.sort()).toEqual(["auto-register", "insecure-issuer"]);
  const bob = sandbox.users.find(({ username }) => username === "bob");
  if (!bob) throw new Error("no user bob");
  expect(await loginAs({ immichUrl: sandbox.immich.url, ...bob })).toMatchObject({
    ok: true,
    user: "bob@example.test",
  });
  expect(JSON.parse(command("--json").stdout)).toMatchObject({ passwordLogin: { enabled: false } });

  // What is wanted now and not in the file yet is told, and fails nothing.
  project.configure("sandbox", { buttonText: "Sign in" });
  const differs = await project.ok("up", "--yes", "--skip-preview");
  expect(differs).toMatch(/oauth\.buttonText is "Login with Authentik", deployed is "Sign in"/);

  // Nothing was written, and nobody was dialled.
  expect(await lab.tables()).toBe(tables);
  const { connections } = await sandbox.control<{ connections: number }>("ssh/state");
  expect(connections).toBe(0);
  const asked = await sandbox.control<{ method: string; withKey: boolean }[]>("immich/requests", {
    method: "GET",
  });
  expect(asked.filter(({ method, withKey }) => method === "PUT" || withKey)).toEqual([]);
});

/** The life of a stack whose settings go through Immich's own API, on versions that answer differently. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { loginAs } from "../../checks/login";
import { type ApiLab, startApiLab, withAdmin } from "./apiLab";
import { changedLines, changesOf, startLab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(400_000);

const { test } = needsControl("it takes three versions of Immich");

let lab: ApiLab;
let folder: string;
/** Modules that speak SSH or SQL, by the process that has loaded them. */
let loaded: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "immich-sso-api-"));
  loaded = join(folder, "loaded");
  writeFileSync(loaded, "");
});
afterEach(async () => {
  await lab?.stop();
  rmSync(folder, { recursive: true });
});

/** Has every Node process of the CLI write down what it loads. */
function watchModules(): void {
  const hook = resolve(__dirname, "../support/loadedModules.js");
  Object.assign(lab.project.environment, {
    NODE_OPTIONS: `--require ${hook}`,
    LOADED_MODULES: loaded,
  });
}

test("what is loaded over SSH would be seen", async () => {
  lab = withAdmin(await startLab());
  watchModules();
  await lab.up();
  expect(readFileSync(loaded, "utf8")).toMatch(/^ssh2 .*\n[\s\S]*^pg /m);
});

const configure = (values: Record<string, unknown>) => lab.project.configure("sandbox", values);

const login = (username: string) => {
  const user = lab.sandbox.users.find((one) => one.username === username);
  if (!user) throw new Error(`no user ${username}`);
  return loginAs({ immichUrl: lab.sandbox.immich.url, ...user });
};

test.each(["1.135.3", "3.1.0", "3.2.2"])("Immich %s: a whole life", async (immichVersion) => {
  lab = await startApiLab({ immichVersion });
  // Somebody had set up another client, and changed what is not ours.
  await lab.save((config) => {
    Object.assign(config["oauth"] ?? {}, { buttonText: "Before", clientId: "other" });
    Object.assign(config["trash"] ?? {}, { days: 7 });
  });
  const before = await lab.config();
  watchModules();
  await lab.sandbox.control("ssh/reset");
  const restarts = await lab.restarts();

  const preview = await lab.project.ok("preview", "--diff");
  expect(changesOf(preview.replace(/to create/g, "created"))).toEqual({ created: 11 });
  expect(await lab.config()).toEqual(before);

  expect(await lab.up()).toEqual({ created: 11 });
  const outputs = await lab.outputs();
  const since3 = immichVersion.startsWith("3.")
    ? {
        allowInsecureRequests: true,
        endSessionEndpoint: `${String(outputs["issuerUrl"])}end-session/`,
      }
    : {};
  expect(await lab.config()).toEqual({
    ...before,
    oauth: {
      ...before["oauth"],
      enabled: true,
      issuerUrl: outputs["issuerUrl"],
      clientId: "immich-oauth-client",
      clientSecret: outputs["clientSecret"],
      buttonText: "Login with Authentik",
      autoRegister: true,
      ...since3,
    },
  });
  expect(outputs["loginCheck"]).toEqual({ summary: expect.stringMatching(/^(\d+) of \1 ok$/) });
  expect(await login("bob")).toMatchObject({ ok: true, user: "bob@example.test" });

  const writes = async (): Promise<number> => {
    const asked = await lab.sandbox.control<{ method: string; withKey: boolean }[]>(
      "immich/requests",
      { method: "GET" },
    );
    return asked.filter(({ method, withKey }) => method === "PUT" && withKey).length;
  };
  const written = await writes();
  expect(await lab.up()).toEqual({ unchanged: 11 });
  expect(await writes()).toBe(written);

  configure({ buttonText: "Sign in" });
  const change = await lab.project.ok("preview", "--diff");
  expect(changedLines(change).filter((line) => line.includes("oauth."))).toEqual([
    expect.stringMatching(/^~ oauth\.buttonText\s*: "Login with Authentik" => "Sign in"$/),
  ]);
  expect(await lab.up()).toEqual({ updated: 2, unchanged: 9 });
  expect((await lab.config())["oauth"]).toMatchObject({ buttonText: "Sign in" });
  expect(await writes()).toBe(written + 1);

  // An administrator saves the form as it is: no drift. Then with another text: one line, one save to heal it.
  await lab.save(() => undefined);
  await lab.project.ok("preview", "--refresh", "--expect-no-changes");
  await lab.save((config) => {
    Object.assign(config["oauth"] ?? {}, { buttonText: "Hacked" });
    Object.assign(config["trash"] ?? {}, { days: 9 });
  });
  const drift = await lab.project.ok("preview", "--refresh", "--diff");
  expect(changedLines(drift).filter((line) => line.includes("oauth."))).toEqual([
    expect.stringMatching(/^~ oauth\.buttonText\s*: "Hacked" => "Sign in"$/),
  ]);
  await lab.up("--refresh");
  expect(await lab.config()).toMatchObject({
    oauth: { buttonText: "Sign in" },
    trash: { days: 9 },
  });

  configure({ clientSecretRotation: "2026-12" });
  await lab.up();
  const rotated = (await lab.outputs())["clientSecret"];
  expect(rotated).not.toBe(outputs["clientSecret"]);
  expect((await lab.config())["oauth"]).toMatchObject({ clientSecret: rotated });
  expect(await login("bob")).toMatchObject({ ok: true });

  configure({ passwordLogin: "false", adminGroups: ["immich-admins"] });
  if (immichVersion === "1.135.3") configure({ adminGroups: undefined });
  await lab.up();
  expect((await lab.config())["passwordLogin"]).toEqual({ enabled: false });
  configure({ passwordLogin: undefined });
  await lab.up();
  expect((await lab.config())["passwordLogin"]).toEqual({ enabled: true });

  await lab.project.ok("destroy", "--yes", "--skip-preview");
  expect(await lab.config()).toEqual({ ...before, trash: { ...before["trash"], days: 9 } });
  expect(await login("alice")).toMatchObject({ ok: false });
  expect(await lab.sandbox.control("ssh/state")).toMatchObject({ connections: 0 });
  expect(await lab.restarts()).toBe(restarts);
  expect(readFileSync(loaded, "utf8")).toBe("");
  expect(await lab.sandbox.sql(`SELECT FROM pg_roles WHERE rolname LIKE 'immich_sso%'`)).toEqual(
    [],
  );
});

/** A live stack whose database gets another name, another login, another place; and what stays of it in the end: nothing. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { startLab, type Lab } from "./lab";
import { needsControl } from "./needs";

const { test } = needsControl("it is written for the sandbox's names and controls");

jest.setTimeout(400_000);

let lab: Lab;
let before: string;

beforeAll(async () => {
  lab = await startLab();
  await lab.sandbox.sql(
    `INSERT INTO system_metadata (key, value) VALUES ('system-config', '{"oauth":{"buttonText":"By hand","clientId":"of-before"}}')`,
  );
  before = await lab.tables();
});
afterAll(() => lab?.stop());

const roles = async (): Promise<string[]> =>
  (
    await lab.sandbox.sql<{ name: string }>(
      `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'immich_sso%' ORDER BY 1`,
    )
  ).map(({ name }) => name);

const set = (values: Record<string, unknown>) => lab.project.configure("sandbox", values);

/** Everything is taken back, and nothing is left of us. */
async function ends(stack = "sandbox"): Promise<string> {
  const { code, stdout, stderr } = await lab.project.run(
    ...["destroy", "--yes", "--skip-preview", "--stack", stack],
  );
  expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
  expect(await lab.tables()).toBe(before);
  expect(await roles()).toEqual([]);
  return stdout + stderr;
}

test("the host by another name: the same database, and its memory is kept", async () => {
  await lab.up();
  set({ sshHost: "localhost" });
  expect(await lab.up()).toMatchObject({ updated: expect.any(Number) });
  expect(await roles()).toEqual(["immich_sso_sandbox"]);
  await ends();
  set({ sshHost: "127.0.0.1" });
});

test("from a login of its own to the existing one and back", async () => {
  await lab.up();
  set({ postgresLogin: "existing" });
  await lab.up();
  expect(await roles()).toEqual([]);
  set({ postgresLogin: "dedicated" });
  await lab.up();
  expect(await roles()).toEqual(["immich_sso_sandbox"]);
});

test("a login whose password somebody changed is drift, and made good", async () => {
  await lab.sandbox.sql(`ALTER ROLE immich_sso_sandbox PASSWORD 'somebody else''s'`);
  const preview = await lab.project.ok("preview", "--refresh", "--diff");
  expect(preview).toMatch(/~ login *: "\(refused\)" => "immich_sso_sandbox"/);
  const { code, stdout, stderr } = await lab.project.run(
    ...["up", "--yes", "--skip-preview", "--refresh"],
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toContain("It can log in again");
  expect(await lab.project.ok("preview", "--refresh", "--expect-no-changes")).toBeTruthy();
});

test("a login that somebody dropped is made again", async () => {
  await lab.sandbox.sql(`DROP OWNED BY immich_sso_sandbox`);
  await lab.sandbox.sql(`DROP ROLE immich_sso_sandbox`);
  const preview = await lab.project.ok("preview", "--refresh");
  expect(preview).toContain("immich-settings-login");
  await lab.up("--refresh");
  expect(await roles()).toEqual(["immich_sso_sandbox"]);
  await ends();
});

test("a renamed stack takes its login along", async () => {
  await lab.up();
  await lab.project.ok("stack", "rename", "--stack", "sandbox", "renamed");
  const up = await lab.project.run("up", "--yes", "--skip-preview", "--stack", "renamed");
  expect(up).toMatchObject({ code: 0 });
  expect(await roles()).toEqual(["immich_sso_renamed"]);
  await lab.project.ok("stack", "rename", "--stack", "renamed", "sandbox");
  await ends();
});

test("a wrong Compose directory or service is said before anything is touched", async () => {
  set({ composeDirectory: "/opt/elsewhere" });
  const first = await lab.project.run("up", "--yes", "--skip-preview");
  expect(first.code).not.toBe(0);
  expect(first.stdout + first.stderr).toContain("npx pulumi config set composeDirectory");
  expect(await lab.tables()).toBe(before);
  expect(await roles()).toEqual([]);
  const answer = await fetch(`${lab.sandbox.authentik.url}/api/v3/providers/oauth2/`, {
    headers: { authorization: `Bearer ${lab.sandbox.authentik.token}` },
  });
  expect(await answer.json()).toMatchObject({ results: [] });
  set({ composeDirectory: undefined, composeService: "immich-servant" });
  const second = await lab.project.run("up", "--yes", "--skip-preview");
  expect(second.code).not.toBe(0);
  expect(second.stdout + second.stderr).toContain("npx pulumi config set composeService");
  set({ composeService: undefined });
  await lab.up();
});

test("and so on a live stack, whose settings stay as they are", async () => {
  const written = await lab.tables();
  set({ composeService: "immich-servant" });
  const same = await lab.project.run("up", "--yes", "--skip-preview");
  expect(same.code).not.toBe(0);
  expect(same.stdout + same.stderr).toContain("npx pulumi config set composeService");
  set({ composeService: "immich-servant", buttonText: "Never written" });
  expect((await lab.project.run("up", "--yes", "--skip-preview")).code).not.toBe(0);
  expect(await lab.tables()).toBe(written);
  set({ composeService: undefined, buttonText: undefined });
  await lab.up();
  expect(await lab.tables()).toBe(written);
});

test("what was refused is forgotten: destroy goes by what is there", async () => {
  set({ postgresDatabase: "no_such_database" });
  const refused = await lab.project.run("up", "--yes", "--skip-preview");
  expect(refused.code).not.toBe(0);
  await lab.project.ok("destroy", "--yes", "--skip-preview");
  expect(await lab.tables()).toBe(before);
  expect(await roles()).toEqual([]);
  set({ postgresDatabase: undefined });
  await lab.up();
});

test("a restart that fails when all is taken back keeps nothing", async () => {
  await lab.sandbox.control("docker/policies", { restart: "fails" });
  expect(await ends()).toMatch(/settings are back, but Immich was not restarted/);
  await lab.sandbox.control("docker/policies", { restart: "works" });
});

describe("another database", () => {
  const OTHER = "immich_other";
  beforeAll(async () => {
    await lab.sandbox.control("immich/stop");
    await lab.sandbox.sql(`CREATE DATABASE ${OTHER} TEMPLATE immich`);
    await lab.sandbox.control("immich/start");
    set({ loginCheck: "off", restart: "never" });
  });

  test("the first one gets its settings back, and loses the login", async () => {
    await lab.up();
    expect(await lab.tables()).not.toBe(before);
    set({ postgresDatabase: OTHER });
    const { code, stdout, stderr } = await lab.project.run("up", "--yes", "--skip-preview");
    if (code) throw new Error(stdout + stderr);
    expect(await lab.tables()).toBe(before);
    expect(await roles()).toEqual(["immich_sso_sandbox"]);
    set({ postgresDatabase: undefined });
    await lab.up();
    expect(await lab.tables()).not.toBe(before);
  });

  test("where the first one can't be reached, nothing is touched, and what stays there is said", async () => {
    const there = await lab.tables();
    set({ postgresDatabase: OTHER, applicationSlug: "moved" });
    // The state says how the first one was reached: a name that is no more.
    const state = JSON.parse(await lab.project.ok("stack", "export", "--show-secrets"));
    for (const resource of state.deployment.resources)
      if (resource.outputs?.way) resource.outputs.way.database = "immich_gone";
    writeFileSync(join(lab.project.folder, "state.json"), JSON.stringify(state));
    await lab.project.ok("stack", "import", "--file", "state.json");
    const { code, stdout, stderr } = await lab.project.run("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    const text = stdout + stderr;
    expect(text).toContain("is another database");
    expect(text).toContain("npx pulumi config set databaseMovedFrom");
    expect(text).toContain("npm run forget");
    expect(await lab.tables()).toBe(there);
    expect(text).not.toContain("ProviderOauth2 immich-provider updat");
    set({ postgresDatabase: undefined, applicationSlug: undefined });
    await lab.up();
    await ends();
  });
});

describe("one side is gone for good", () => {
  const forget = (side: string, ...more: string[]) => {
    const script = join(lab.project.folder, "commands/forget.ts");
    const args = ["-r", "./register.js", script, side, "--stack", "sandbox", ...more];
    const env = { ...process.env, ...lab.project.environment };
    return spawnSync(process.execPath, args, {
      cwd: lab.project.folder,
      env,
      encoding: "utf8",
    });
  };
  const providers = async () => {
    const answer = await fetch(`${lab.sandbox.authentik.url}/api/v3/providers/oauth2/`, {
      headers: { authorization: `Bearer ${lab.sandbox.authentik.token}` },
    });
    return ((await answer.json()) as { results: unknown[] }).results.length;
  };

  test("Immich's host: it is said what stays, and Authentik's side is undone", async () => {
    await lab.up();
    await lab.sandbox.control("ssh/stop");
    const stuck = await lab.project.run("destroy", "--yes", "--skip-preview");
    expect(stuck.code).not.toBe(0);
    const { stdout, status } = forget("immich");
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(stdout).toMatch(/Would be dropped[^]*immich:index:Settings[^]*DROP ROLE/);
    expect(forget("immich", "--yes")).toMatchObject({ status: 0 });
    await lab.project.ok("destroy", "--yes", "--skip-preview");
    expect(await providers()).toBe(0);
    await lab.sandbox.control("ssh/start");
  });

  test("Authentik: Immich gets its settings back", async () => {
    await lab.sandbox.sql(`UPDATE system_metadata SET value = '{"oauth":{"buttonText":"Again"}}'`);
    const again = await lab.tables();
    await lab.sandbox.sql(`DROP OWNED BY immich_sso_sandbox`);
    await lab.sandbox.sql(`DROP ROLE immich_sso_sandbox`);
    await lab.up();
    await lab.sandbox.control("authentik/stop");
    expect(forget("authentik", "--yes")).toMatchObject({ status: 0 });
    await lab.project.ok("destroy", "--yes", "--skip-preview");
    expect(await lab.tables()).toBe(again);
    expect(await roles()).toEqual([]);
    await lab.sandbox.control("authentik/start");
  });
});

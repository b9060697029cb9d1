/** A live stack goes from its database to Immich's API and back: what it owns, and what it puts back, stays the same. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type ApiLab, OVER_SSH, useApi, withAdmin } from "./apiLab";
import { startLab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(400_000);

const { test } = needsControl("it takes the sandbox's API key and a second Immich");

let lab: ApiLab;
let before: Awaited<ReturnType<ApiLab["config"]>>;

beforeEach(async () => {
  lab = withAdmin(await startLab({ immichVersion: "3.1.0" }));
  await lab.save((config) => {
    Object.assign(config["oauth"] ?? {}, { buttonText: "Before", clientId: "other" });
    Object.assign(config["trash"] ?? {}, { days: 7 });
  });
  before = await lab.config();
});
afterEach(() => lab?.stop());

const configure = (values: Record<string, unknown>) => lab.project.configure("sandbox", values);
const destroy = () => lab.project.ok("destroy", "--yes", "--skip-preview");
const roles = () => lab.sandbox.sql(`SELECT FROM pg_roles WHERE rolname LIKE 'immich_sso%'`);
const outputs = async () => {
  const { settingsChangedAt, clientSecret } = await lab.outputs();
  return { settingsChangedAt, clientSecret };
};

test("from the database to the API: nothing is written, the login goes, destroy puts back what was before", async () => {
  await lab.up();
  const was = await outputs();
  expect(await roles()).toHaveLength(1);

  // Without SSH the login could not be dropped: said before anything is touched, with both ways out.
  const stackFile = join(lab.project.folder, "Pulumi.sandbox.yaml");
  const file = readFileSync(stackFile, "utf8");
  await useApi(lab);
  const refused = await lab.project.run("up", "--yes", "--skip-preview");
  expect(refused.code).not.toBe(0);
  expect(refused.stdout + refused.stderr).toMatch(
    /immich_sso_sandbox, which is dropped over SSH[\s\S]*npm run forget -- login --stack sandbox/,
  );
  expect(await roles()).toHaveLength(1);

  writeFileSync(stackFile, file);
  await useApi(lab, true);
  await lab.sandbox.control("immich/requests", { method: "DELETE" });
  await lab.up();
  expect(await outputs()).toEqual(was);
  expect(await roles()).toEqual([]);
  const asked = await lab.sandbox.control<{ method: string; withKey: boolean }[]>(
    "immich/requests",
    { method: "GET" },
  );
  expect(asked.filter(({ method, withKey }) => method === "PUT" && withKey)).toEqual([]);

  configure(Object.fromEntries(OVER_SSH.map((key) => [key, undefined])));
  await lab.sandbox.control("ssh/reset");
  expect(await lab.up()).toEqual({ unchanged: 10, updated: 1 });
  await destroy();
  expect(await lab.config()).toEqual(before);
  expect(await lab.sandbox.control("ssh/state")).toMatchObject({ connections: 0 });
});

test("from the API to the database: the same settings, a login, and destroy puts back what was before", async () => {
  await useApi(lab, true);
  await lab.up();
  const { clientSecret } = await outputs();
  expect(await roles()).toEqual([]);

  configure({ settingsThrough: "database" });
  await lab.up();
  expect(await outputs()).toMatchObject({ clientSecret });
  expect(await roles()).toHaveLength(1);
  expect(await lab.up()).toEqual({ unchanged: 17 });
  configure({ buttonText: "Sign in" });
  await lab.up();
  expect((await lab.config())["oauth"]).toMatchObject({ buttonText: "Sign in", clientSecret });
  await destroy();
  expect(await lab.config()).toEqual(before);
  expect(await roles()).toEqual([]);
});

test("another Immich than the one that has the settings is refused, and is not touched", async () => {
  await lab.up();
  await useApi(lab, true);
  // An administrator has set up another client there since.
  await lab.save((config) => Object.assign(config["oauth"] ?? {}, { clientSecret: "theirs" }));
  const theirs = await lab.config();
  const { code, stdout, stderr } = await lab.project.run("up", "--yes", "--skip-preview");
  expect(code).not.toBe(0);
  expect(stdout + stderr).toMatch(/it is another\s+Immich[\s\S]*databaseMovedFrom/);
  expect(await lab.config()).toEqual(theirs);
});

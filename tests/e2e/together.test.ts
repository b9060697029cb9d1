/** Several at once on one Immich: two stacks, and an admin who presses Save in the middle of an `up`. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";

import { loginAs } from "../../checks/login";
import { changedLines, startLab, type Lab } from "./lab";
import { needsControl } from "./needs";
import { makeProject, type Project } from "./project";
import { startCli, until } from "./running";

const { test } = needsControl("it is written for the sandbox's names and controls");

jest.setTimeout(400_000);

/** What the second stack has of its own; the rest, and with it the keys it owns, is the first one's. */
const SECOND = {
  applicationName: "Photos",
  applicationSlug: "photos",
  providerName: "photos-provider",
  clientId: "photos-client",
  buttonText: "Enter by the second",
};

let lab: Lab;
let second: Project;
let winner: Project;
let loser: Project;

beforeAll(async () => {
  lab = await startLab();
  const file = "Pulumi.sandbox.yaml";
  second = await makeProject("second", lab.sandbox.environment, (folder) =>
    copyFileSync(join(lab.project.folder, file), join(folder, "Pulumi.second.yaml")),
  );
  // A tunnel port of its own, from its name.
  second.configure("second", { ...SECOND, tunnelPort: 0 });
});
afterAll(async () => {
  second?.remove();
  await lab?.stop();
});

const config = async (): Promise<Record<string, Record<string, unknown>>> => {
  const [row] = await lab.sandbox.sql<{ value: Record<string, Record<string, unknown>> }>(
    `SELECT value FROM system_metadata WHERE key = 'system-config'`,
  );
  return row?.value ?? {};
};
const oauthSettings = async () => (await config())["oauth"] ?? {};

const destroy = async (project: Project) => {
  const result = await project.run("destroy", "--yes", "--skip-preview");
  expect(result).toMatchObject({ code: 0 });
  return result;
};

const UP = ["up", "--yes", "--skip-preview"];

/** Talks to Immich's API as its administrator. */
async function asAdmin(): Promise<
  (path: string, method?: string, body?: object) => Promise<Record<string, never>>
> {
  const { immich } = lab.sandbox;
  let token = "";
  const ask = async (path: string, method = "GET", body?: object) => {
    const response = await fetch(`${immich.url}/api/${path}`, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as Record<string, never>;
  };
  token = String((await ask("auth/login", "POST", immich.admin))["accessToken"]);
  return ask;
}

test("an admin's Save in the middle of an up: nothing of it is lost, and the up says what is missing", async () => {
  const ask = await asAdmin();
  // The form was opened before the up; Save comes while the up holds the settings and waits for its turn.
  const form = await ask("system-config");
  await lab.sandbox.sql(`
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN PERFORM pg_catalog.pg_sleep(3); RETURN NEW; END';
    CREATE TRIGGER dawdle BEFORE UPDATE ON system_metadata FOR EACH ROW
      WHEN (current_user = 'immich_sso_sandbox') EXECUTE FUNCTION dawdle()`);
  const running = startCli(lab.project, UP);
  await until("the up writes", async () => {
    const query = `SELECT FROM pg_stat_activity WHERE usename = 'immich_sso_sandbox' AND wait_event = 'PgSleep'`;
    return (await lab.sandbox.sql(query)).length > 0;
  });
  await ask("system-config", "PUT", { ...form, trash: { enabled: true, days: 7 } });
  const { code, stdout, stderr } = await running.ended;
  await lab.sandbox.sql(`DROP FUNCTION dawdle CASCADE`);
  expect({ code, stdout, stderr }).not.toMatchObject({ code: 0 });
  expect(stdout + stderr).toMatch(/oauth/);
  expect(await config()).toMatchObject({ trash: { days: 7 } });

  await lab.up("--refresh");
  expect(await config()).toMatchObject({
    trash: { days: 7 },
    oauth: { enabled: true, clientId: "immich-oauth-client" },
  });
  await lab.project.ok("destroy", "--yes", "--skip-preview");
  expect(await config()).toMatchObject({ trash: { days: 7 } });
  expect((await config())["oauth"] ?? {}).toEqual({});
});

test("two ups at once: the settings are those of one, and the other is told", async () => {
  await lab.sandbox.sql(
    `UPDATE system_metadata SET value = '{"oauth":{"buttonText":"Before"}}' WHERE key = 'system-config'`,
  );
  // One login each would be two grants on one table at once, of which PostgreSQL itself refuses one.
  lab.project.configure("sandbox", { postgresLogin: "existing" });
  second.configure("second", { postgresLogin: "existing" });
  const [one, two] = await Promise.all([lab.project.run(...UP), second.run(...UP)]);
  const oauth = await oauthSettings();
  const firstWon = oauth["clientId"] === "immich-oauth-client";
  const [won, lost] = firstWon ? [one, two] : [two, one];
  expect({ ...won, lost }).toMatchObject({ code: 0 });
  const slug = firstWon ? "immich" : SECOND.applicationSlug;
  [winner, loser] = firstWon ? [lab.project, second] : [second, lab.project];
  const outputs = JSON.parse(await winner.ok("stack", "output", "--json", "--show-secrets"));
  expect(oauth).toMatchObject({
    enabled: true,
    clientId: firstWon ? "immich-oauth-client" : SECOND.clientId,
    clientSecret: outputs.clientSecret,
    issuerUrl: `${lab.sandbox.authentik.url}/application/o/${slug}/`,
    buttonText: firstWon ? "Login with Authentik" : SECOND.buttonText,
  });

  const drift = changedLines(await loser.ok("preview", "--refresh", "--diff"));
  const names = drift.flatMap((line) => /^~ (oauth\.\w+)\s*: ["[]/.exec(line)?.[1] ?? []);
  expect(names.sort()).toEqual([
    "oauth.buttonText",
    "oauth.clientId",
    "oauth.clientSecret",
    "oauth.issuerUrl",
  ]);
});

test("the one that lost is destroyed: it says what it leaves alone, and the other works on", async () => {
  const settings = await oauthSettings();
  const { stdout, stderr } = await destroy(loser);
  expect(stdout + stderr).toMatch(/oauth\.clientId.* were changed by somebody since and left/);
  expect(await oauthSettings()).toEqual(settings);
  const [alice] = lab.sandbox.users;
  if (!alice) throw new Error("no users");
  const login = await loginAs({ immichUrl: lab.sandbox.immich.url, ...alice });
  expect(login).toMatchObject({ ok: true });
});

test("the other is destroyed: the settings of the first do not come back", async () => {
  await destroy(winner);
  const { enabled = false, clientId = "", clientSecret = "" } = await oauthSettings();
  expect({ enabled, clientId, clientSecret }).toEqual({
    enabled: false,
    clientId: "",
    clientSecret: "",
  });
  const roles = await lab.sandbox.sql(`SELECT FROM pg_roles WHERE rolname LIKE 'immich_sso%'`);
  expect(roles).toEqual([]);
});

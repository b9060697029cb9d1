/** examples/two-immichs: two Immichs at one Authentik in one program; one of them goes, the other is untouched. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { loginAs } from "../../checks/login";
import { type Sandbox, startSandbox } from "../../sandbox/client";
import { needsControl } from "./needs";
import { makeProject, type Project } from "./project";
import { feedCli } from "./running";

jest.setTimeout(400_000);

const { test } = needsControl("it takes two Immichs");

let family: Sandbox;
let club: Sandbox;
let project: Project;
beforeAll(async () => {
  family = await startSandbox({ portBase: 0 });
  club = await startSandbox({ portBase: 0 });
  project = await makeProject("home", {}, nearby, "examples/two-immichs");
  await project.set("home", "authentik:url", family.authentik.url);
  await secret("authentik:token", family.authentik.token);
});
afterAll(async () => {
  project?.remove();
  await family?.stop();
  await club?.stop();
});

/** The example finds the provider two folders up; its copy finds it where it is. */
function nearby(folder: string): void {
  const file = join(folder, "Pulumi.yaml");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("../../provider", resolve(__dirname, "../../provider")));
}

/** A secret goes in by standard input: it is on no command line. */
const secret = (key: string, value: string) =>
  feedCli(project, ["config", "set", "--stack", "home", "--secret", "--path", key], value);

/** An Immich as the example's configuration names it. */
const place = (name: string, { ssh, immich, postgres }: Sandbox, index: number) => ({
  name,
  url: immich.url,
  sshHost: ssh.host,
  sshPort: ssh.port,
  sshUser: ssh.user,
  sshHostKey: ssh.hostKey,
  postgresPort: postgres.port,
  tunnelPort: 21_000 + index + (process.pid % 5_000),
  buttonText: `Login of the ${name}`,
});

const settings = async (sandbox: Sandbox) => {
  const [row] = await sandbox.sql<{ value: { oauth: Record<string, unknown> } }>(
    `SELECT value FROM system_metadata WHERE key = 'system-config'`,
  );
  return row?.value.oauth;
};

test("each has its own settings, and both let people in", async () => {
  const immichs = [place("family", family, 0), place("club", club, 1)];
  project.configure("home", { "two-immichs:immichs": immichs });
  for (const [name, { ssh, postgres }] of [
    ["family", family],
    ["club", club],
  ] as const) {
    await secret(`postgresPasswords.${name}`, postgres.password);
    await secret(`sshPrivateKeys.${name}`, ssh.privateKey);
  }
  const { code, stdout, stderr } = await project.run("up", "--yes", "--skip-preview");
  if (code) throw new Error(stdout + stderr);
  for (const [name, sandbox] of [
    ["family", family],
    ["club", club],
  ] as const) {
    expect(await settings(sandbox)).toMatchObject({
      clientId: `immich-${name}`,
      issuerUrl: `${family.authentik.url}/application/o/${name}/`,
      buttonText: `Login of the ${name}`,
    });
    const alice = family.users[0];
    if (!alice) throw new Error("nobody");
    expect(await loginAs({ immichUrl: sandbox.immich.url, ...alice })).toMatchObject({ ok: true });
  }
  await project.ok("preview", "--expect-no-changes");
});

test("one goes, and the other is as it was", async () => {
  const before = await settings(family);
  project.configure("home", { "two-immichs:immichs": [place("family", family, 0)] });
  await project.ok("up", "--yes", "--skip-preview");
  expect(await settings(club)).toBeUndefined();
  expect(await settings(family)).toEqual(before);
  const logins = `SELECT rolname FROM pg_roles WHERE rolname LIKE 'immich_sso%'`;
  expect(await club.sql(logins)).toEqual([]);
  expect(await family.sql(logins)).toHaveLength(1);
  await project.ok("destroy", "--yes", "--skip-preview");
  expect(await settings(family)).toBeUndefined();
});

/** Other ways to have it: Immich's old table, an upgrade in between, groups, a jump host, no password login. */
import { loginAs } from "../../checks/login";
import { HOST_KEY } from "../stackFile";
import { startLab, type Lab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(400_000);

const { test } = needsControl("it changes the version of Immich and breaks a login");

let lab: Lab;
afterEach(() => lab?.stop());

const destroy = () => lab.project.ok("destroy", "--yes", "--skip-preview");
const configure = (values: Record<string, unknown>) => lab.project.configure("sandbox", values);

test("Immich's old table: up, again, destroy byte for byte; an upgrade in between", async () => {
  lab = await startLab({ immichVersion: "1.105.1" });
  await lab.sandbox.sql(
    `INSERT INTO system_config (key, value) VALUES ('oauth.buttonText', '"Before"'), ('trash.days', '7')`,
  );
  const before = await lab.tables();
  configure({ settingsStore: "system_config" });
  expect(await lab.up()).toEqual({ created: 17 });
  expect(await login("alice")).toMatchObject({ ok: true });
  expect(await lab.up()).toEqual({ unchanged: 17 });
  await destroy();
  expect(await lab.tables()).toBe(before);

  await lab.up();
  await lab.sandbox.control("immich/configure", { version: "1.135.3" });
  configure({ buttonText: "Sign in" });
  const { code, stdout, stderr } = await lab.project.run("up", "--yes", "--skip-preview");
  expect({ code, stdout, stderr }).not.toMatchObject({ code: 0 });
  expect(stdout + stderr).toContain("npx pulumi config set settingsStore system_metadata");

  configure({ settingsStore: "system_metadata" });
  await lab.up();
  expect(await settings()).toMatchObject({
    oauth: { enabled: true, buttonText: "Sign in" },
    trash: { days: 7 },
  });
  expect(await login("alice")).toMatchObject({ ok: true });
  expect(await lab.up()).toEqual({ unchanged: 17 });
  await destroy();
  expect(await settings()).toEqual({ oauth: { buttonText: "Before" }, trash: { days: 7 } });
});

test("a jump host, groups, an existing login, and password login off only after the proof", async () => {
  lab = await startLab({ immichVersion: "2.3.1" });
  const { host, port, user, hostKey } = lab.sandbox.ssh;
  const before = await lab.tables();
  await recordHistory();

  // A host key that is not the pinned one: nobody is offered anything.
  configure({ sshHostKey: HOST_KEY });
  const refused = await lab.project.run("up", "--yes", "--skip-preview");
  expect(refused.code).not.toBe(0);
  expect(refused.stdout + refused.stderr).toMatch(/host key/);
  expect(refused.stdout + refused.stderr).toContain("sshHostKey");
  expect(await lab.sandbox.control("ssh/state")).toMatchObject({ authentications: 0 });

  configure({
    sshHostKey: hostKey,
    sshJumpHost: host,
    sshJumpPort: port,
    sshJumpUser: user,
    sshJumpHostKey: hostKey,
    postgresLogin: "existing",
    adminGroups: ["immich-admins"],
    accessGroups: ["immich-users"],
    passwordLogin: "false",
  });
  await lab.sandbox.control("authentik/faults", { issuerWithoutSlash: true });
  const unproven = await lab.project.run("up", "--yes", "--skip-preview");
  expect(unproven.code).not.toBe(0);
  expect(await settings()).toMatchObject({ oauth: { enabled: true } });
  expect(await settings()).not.toHaveProperty("passwordLogin");
  await lab.sandbox.control("authentik/faults", { method: "DELETE" });

  await lab.up();
  expect(await settings()).toMatchObject({ passwordLogin: { enabled: false } });
  expect(await login("alice")).toMatchObject({ ok: true, isAdmin: true });
  expect(await login("bob")).toMatchObject({ ok: false, step: "authentik" });
  const roles = await lab.sandbox.sql(`SELECT FROM pg_roles WHERE rolname LIKE 'immich_sso%'`);
  expect(roles).toEqual([]);
  expect(await lab.up()).not.toHaveProperty("updated");

  await lab.sandbox.sql("DELETE FROM history");
  await destroy();
  expect(await lab.tables()).toBe(before);
  const [first] = await lab.sandbox.sql("SELECT oauth, password FROM history ORDER BY id");
  expect(first).toEqual({ oauth: true, password: null }); // password login is back while OAuth still is there
});

const login = (username: string) => {
  const user = lab.sandbox.users.find((one) => one.username === username);
  if (!user) throw new Error(`no user ${username}`);
  return loginAs({ immichUrl: lab.sandbox.immich.url, ...user });
};

const settings = async (): Promise<unknown> => {
  const [row] = await lab.sandbox.sql<{ value: unknown }>(
    `SELECT value FROM system_metadata WHERE key = 'system-config'`,
  );
  return row?.value;
};

/** Writes down each change of the settings: whether OAuth was on then, and login by password. */
const recordHistory = () =>
  lab.sandbox.sql(`
    CREATE TABLE history (id serial, oauth boolean, password boolean);
    CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
      INSERT INTO public.history (oauth, password) VALUES (
        (NEW.value #>> '{oauth,enabled}')::boolean, (NEW.value #>> '{passwordLogin,enabled}')::boolean);
      RETURN NULL; END $$;
    CREATE TRIGGER remember AFTER INSERT OR UPDATE ON system_metadata
      FOR EACH ROW WHEN (NEW.key = 'system-config') EXECUTE FUNCTION remember()`);

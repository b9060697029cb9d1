/** Roles, space and folders from Authentik, on an Immich that reads roles at each login; nobody loses rights unasked. */
import { loginAs } from "../../checks/login";
import { startLab, type Lab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(600_000);

const { test } = needsControl("it is written for the sandbox's names");

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ immichVersion: "3.1.0" });
});
afterAll(() => lab?.stop());

type Json = Record<string, unknown>;

const authentik = (method: string, path: string, body?: object): Promise<Json> =>
  lab.homelab.api(method, path, body);

const login = (username: string, password: string) =>
  loginAs({ immichUrl: lab.sandbox.immich.url, username, password });

async function inImmich(email: string): Promise<Json | undefined> {
  const [user] = await lab.sandbox.sql(
    `SELECT "isAdmin", "storageLabel", "quotaSizeInBytes"::float8 AS quota FROM "user" WHERE email = '${email}'`,
  );
  return user;
}

const GIB = 2 ** 30;

test("groups give rights and space, an attribute the folder; who is administrator already stays one", async () => {
  const [alice] = lab.sandbox.users;
  if (!alice) throw new Error("no users");
  const found = await authentik("GET", `core/users/?username=${alice.username}`);
  const [{ pk }] = found["results"] as [{ pk: number }];
  await authentik("PATCH", `core/users/${pk}/`, { attributes: { folder: "alices" } });
  const { email } = lab.sandbox.immich.admin;
  const root = await authentik("POST", "core/users/", { username: "root", name: "Root", email });
  await authentik("POST", `core/users/${String(root["pk"])}/set_password/`, { password: "root" });

  lab.project.configure("sandbox", {
    adminGroups: ["immich-admins"],
    storageQuotas: { "immich-users": 20, "immich-admins": 100 },
    storageLabelAttribute: "folder",
    oauthSettings: { timeout: 20000, prompt: "login" },
  });
  await lab.up();
  expect(await login(alice.username, alice.password)).toMatchObject({ ok: true });
  expect(await inImmich(alice.email)).toEqual({
    isAdmin: true,
    storageLabel: "alices",
    quota: 100 * GIB,
  });
  expect(await login("root", "root")).toMatchObject({ ok: true });
  expect(await inImmich(email)).toMatchObject({ isAdmin: true });
  const [row] = await lab.sandbox.sql<{ oauth: Json }>(
    `SELECT value -> 'oauth' AS oauth FROM system_metadata WHERE key = 'system-config'`,
  );
  expect(row?.oauth).toMatchObject({
    timeout: 20000,
    prompt: "login",
    storageLabelClaim: "immich_storage_label",
  });
});

test("asked for, the groups alone decide: the deployment names who loses the rights, the login takes them", async () => {
  lab.project.configure("sandbox", { adminGroupsDemote: true });
  const { email } = lab.sandbox.immich.admin;
  const { code, stdout, stderr } = await lab.project.run("up", "--yes", "--skip-preview", "--diff");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const text = (stdout + stderr).replace(/\s+/g, " ");
  expect(text).toContain(
    `no more an administrator after the next login through Authentik: ${email}`,
  );
  expect(text).toContain("immich-admin grant-admin");
  expect(await inImmich(email)).toMatchObject({ isAdmin: true });
  expect(await login("root", "root")).toMatchObject({ ok: true });
  expect(await inImmich(email)).toMatchObject({ isAdmin: false });
});

/** The life of a stack through the CLI: preview, up, again, change, drift, rotation, destroy. */
import { loginAs } from "../../checks/login";
import { launchBrowser, screenshot, testInBrowser } from "../support/browser";
import { changedLines, changesOf, startLab, type Lab } from "./lab";

jest.setTimeout(240_000);

let lab: Lab;
let before: string;

beforeAll(async () => {
  lab = await startLab();
  before = await lab.tables();
});
afterAll(() => lab?.stop());

const row = async (): Promise<{ version: string; config: { oauth: Record<string, unknown> } }> => {
  const [found] = await lab.sandbox.sql<{ version: string; value: never }>(
    `SELECT xmin::text AS version, value FROM system_metadata WHERE key = 'system-config'`,
  );
  if (!found) throw new Error("no row");
  return { version: found.version, config: found.value };
};

const login = (username: string) => {
  const user = lab.sandbox.users.find((one) => one.username === username);
  if (!user) throw new Error(`no user ${username}`);
  return loginAs({ immichUrl: lab.sandbox.immich.url, ...user });
};

test("a preview of an empty stack names every setting and touches nothing", async () => {
  await lab.sandbox.control("ssh/reset");
  const output = await lab.project.ok("preview", "--diff");
  expect(changesOf(output.replace(/to create/g, "created"))).toEqual({ created: 17 });
  for (const key of ["enabled", "issuerUrl", "clientId", "clientSecret", "scope", "buttonText"])
    expect(output).toContain(`oauth.${key}`);
  expect(output).not.toMatch(/warning|deprecat/i);
  expect(await lab.tables()).toBe(before);
  expect(await lab.sandbox.control("ssh/state")).toMatchObject({ connections: 0 });
});

test("up makes both sides, restarts once, and a person can log in", async () => {
  expect(await lab.up()).toEqual({ created: 17 });
  expect(await lab.restarts()).toBe(1);
  expect(await login("bob")).toMatchObject({ ok: true, user: "bob@example.test" });
  const outputs = await lab.outputs();
  expect(outputs).toMatchObject({
    issuerUrl: `${lab.sandbox.authentik.url}/application/o/immich/`,
    clientId: "immich-oauth-client",
    clientSecret: expect.stringMatching(/^[A-Za-z0-9]{64}$/),
    scopes: ["openid", "email", "profile"],
    redirectUris: [
      `${lab.sandbox.immich.url}/auth/login`,
      `${lab.sandbox.immich.url}/user-settings`,
      "app.immich:///oauth-callback",
    ],
    discoveryUrl: `${lab.sandbox.authentik.url}/application/o/immich/.well-known/openid-configuration`,
    launchUrl: lab.sandbox.immich.url,
    immichUrl: lab.sandbox.immich.url,
    settingsChangedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  expect(outputs["loginCheck"]).toEqual({ summary: expect.stringMatching(/^(\d+) of \1 ok$/) });
});

testInBrowser("a real browser clicks the button, logs in at Authentik, and is in", async () => {
  const alice = lab.sandbox.users.find(({ username }) => username === "alice");
  if (!alice) throw new Error("no alice");
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${lab.sandbox.immich.url}/auth/login`);
    await screenshot(page, "login-1-immich");
    await page.getByRole("button", { name: "Login with Authentik" }).click();
    await page.getByLabel("Email or Username", { exact: true }).fill(alice.username);
    await screenshot(page, "login-2-authentik-name");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByLabel("Password", { exact: true }).fill(alice.password);
    await screenshot(page, "login-3-authentik-password");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("You're about to sign into Immich").waitFor();
    await screenshot(page, "login-4-authentik-consent");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/\/auth\/onboarding|\/photos/);
    await page.waitForLoadState("networkidle");
    await screenshot(page, "login-5-immich-logged-in");
    await page.goto(`${lab.sandbox.immich.url}/photos`);
    await page.getByText(alice.email).first().waitFor();
    await screenshot(page, "login-6-immich-photos");
  } finally {
    await browser.close();
  }
});

test("up again changes nothing: no row, no restart, no SSH", async () => {
  const { version } = await row();
  await lab.sandbox.control("ssh/reset");
  expect(await lab.up()).toEqual({ unchanged: 17 });
  expect((await row()).version).toBe(version);
  expect(await lab.restarts()).toBe(1);
  expect(await lab.sandbox.control("ssh/state")).toMatchObject({ connections: 0 });
});

test("one changed setting is one line, one write, one restart", async () => {
  await lab.project.set("sandbox", "buttonText", "Sign in");
  const preview = await lab.project.ok("preview", "--diff");
  expect(changedLines(preview).filter((line) => line.includes("oauth."))).toEqual([
    expect.stringMatching(/^~ oauth\.buttonText\s*: "Login with Authentik" => "Sign in"$/),
  ]);
  const { version } = await row();
  expect(await lab.up()).toMatchObject({ updated: 2, replaced: 1 });
  const after = await row();
  expect(after.version).not.toBe(version);
  expect(after.config.oauth["buttonText"]).toBe("Sign in");
  expect(await lab.restarts()).toBe(2);
});

test("an admin's Save is no drift", async () => {
  const { immich } = lab.sandbox;
  const sent = (path: string, init: RequestInit & { token?: string } = {}) =>
    fetch(`${immich.url}/api/${path}`, {
      ...init,
      headers: {
        "content-type": "application/json",
        ...(init.token ? { authorization: `Bearer ${init.token}` } : {}),
      },
    }).then((response) => response.json() as Promise<Record<string, unknown>>);
  const session = await sent("auth/login", { method: "POST", body: JSON.stringify(immich.admin) });
  const token = String(session["accessToken"]);
  const config = await sent("system-config", { token });
  await sent("system-config", { token, method: "PUT", body: JSON.stringify(config) });
  await lab.project.ok("preview", "--refresh", "--expect-no-changes");
});

test("drift is one line, and up heals it with one write and one restart", async () => {
  await lab.sandbox.sql(
    `UPDATE system_metadata SET value = jsonb_set(value, '{oauth,buttonText}', '"Hacked"') WHERE key = 'system-config'`,
  );
  const preview = await lab.project.ok("preview", "--refresh", "--diff");
  expect(changedLines(preview).filter((line) => line.includes("oauth."))).toEqual([
    expect.stringMatching(/^~ oauth\.buttonText\s*: "Hacked" => "Sign in"$/),
  ]);
  await lab.up("--refresh");
  expect((await row()).config.oauth["buttonText"]).toBe("Sign in");
  expect(await lab.restarts()).toBe(3);
});

test("a changed secret is one line without the value, and logins go on", async () => {
  const was = (await lab.outputs())["clientSecret"];
  await lab.project.set("sandbox", "clientSecretRotation", "2026-12");
  await lab.up();
  const now = (await lab.outputs())["clientSecret"];
  expect(now).not.toBe(was);
  expect((await row()).config.oauth["clientSecret"]).toBe(now);
  expect(await login("bob")).toMatchObject({ ok: true });
});

test("destroy puts the settings back as they were, and restarts", async () => {
  const restarts = await lab.restarts();
  const output = await lab.project.ok("destroy", "--yes", "--skip-preview");
  expect(changesOf(output)).toMatchObject({ deleted: 17 });
  expect(await lab.tables()).toBe(before);
  expect(await lab.restarts()).toBe(restarts + 1);
  const roles = await lab.sandbox.sql(
    `SELECT rolname FROM pg_roles WHERE rolname LIKE 'immich_sso%'`,
  );
  expect(roles).toEqual([]);
  expect(await login("alice")).toMatchObject({ ok: false });
});

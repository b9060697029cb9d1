/** The life of a stack through the CLI: preview, up, again, change, drift, rotation, destroy. */
import { launchBrowser, screenshot, testInBrowser } from "../support/browser";
import { changedLines, changesOf, startLab, type Lab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(240_000);

let lab: Lab;
let before: string;

beforeAll(async () => {
  lab = await startLab();
  before = await lab.tables();
});
afterAll(() => lab?.stop());

const row = async (): Promise<{ version: string; config: { oauth: Record<string, unknown> } }> => {
  const [found] = await lab.homelab.sql<{ version: string; value: never }>(
    `SELECT xmin::text AS version, value FROM system_metadata WHERE key = 'system-config'`,
  );
  if (!found) throw new Error("no row");
  return { version: found.version, config: found.value };
};

test("a preview of an empty stack names every setting and touches nothing", async () => {
  const output = await lab.project.ok("preview", "--diff");
  expect(changesOf(output.replace(/to create/g, "created"))).toEqual({ created: 17 });
  for (const key of ["enabled", "issuerUrl", "clientId", "clientSecret", "scope", "buttonText"])
    expect(output).toContain(`oauth.${key}`);
  expect(output).not.toMatch(/warning|deprecat/i);
  expect(await lab.tables()).toBe(before);
});

/** What a command of the CLI prints, and how many SSH connections it has made. */
async function connectionsOf(work: () => Promise<unknown>): Promise<number> {
  await lab.sandbox.control("ssh/reset");
  await work();
  return (await lab.sandbox.control<{ connections: number }>("ssh/state")).connections;
}

const counted = needsControl("it counts SSH connections");

counted.test("such a preview uses no SSH", async () => {
  expect(await connectionsOf(() => lab.project.ok("preview"))).toBe(0);
});

test("up makes both sides, restarts once, and a person can log in", async () => {
  expect(await lab.up()).toEqual({ created: 17 });
  expect(await lab.restarts()).toBe(1);
  expect(await lab.logIn("bob")).toMatchObject({ ok: true, user: lab.person("bob").email });
  const outputs = await lab.outputs();
  expect(outputs).toMatchObject({
    issuerUrl: `${lab.homelab.authentik.publicUrl}/application/o/${lab.name("immich")}/`,
    clientId: lab.name("immich-oauth-client"),
    clientSecret: expect.stringMatching(/^[A-Za-z0-9]{64}$/),
    scopes: ["openid", "email", "profile"],
    redirectUris: [
      `${lab.homelab.immich.url}/auth/login`,
      `${lab.homelab.immich.url}/user-settings`,
      "app.immich:///oauth-callback",
    ],
    discoveryUrl: `${lab.homelab.authentik.publicUrl}/application/o/${lab.name("immich")}/.well-known/openid-configuration`,
    launchUrl: lab.homelab.immich.url,
    immichUrl: lab.homelab.immich.url,
    settingsChangedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  expect(outputs["loginCheck"]).toEqual({ summary: expect.stringMatching(/^(\d+) of \1 ok$/) });
});

testInBrowser("a real browser clicks the button, logs in at Authentik, and is in", async () => {
  const alice = lab.person("alice");
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${lab.homelab.immich.url}/auth/login`);
    await screenshot(page, "login-1-immich");
    await page.getByRole("button", { name: "Login with Authentik" }).click();
    await page.getByLabel("Email or Username", { exact: true }).fill(alice.username);
    await screenshot(page, "login-2-authentik-name");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByLabel("Password", { exact: true }).fill(alice.password);
    await screenshot(page, "login-3-authentik-password");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText(`You're about to sign into ${lab.name("Immich")}`).waitFor();
    await screenshot(page, "login-4-authentik-consent");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/\/auth\/onboarding|\/photos/);
    await page.waitForLoadState("networkidle");
    await screenshot(page, "login-5-immich-logged-in");
    await page.goto(`${lab.homelab.immich.url}/photos`);
    await page.getByText(alice.email).first().waitFor();
    await screenshot(page, "login-6-immich-photos");
  } finally {
    await browser.close();
  }
});

test("up again changes nothing: no row, no restart", async () => {
  const { version } = await row();
  expect(await lab.up()).toEqual({ unchanged: 17 });
  expect((await row()).version).toBe(version);
  expect(await lab.restarts()).toBe(1);
});

counted.test("such an up uses no SSH", async () => {
  expect(await connectionsOf(() => lab.up())).toBe(0);
});

test("one changed setting is one line, one write, one restart", async () => {
  await lab.project.set(lab.stack, "buttonText", "Sign in");
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
  await lab.homelab.save({});
  await lab.project.ok("preview", "--refresh", "--expect-no-changes");
});

test("drift is one line, and up heals it with one write and one restart", async () => {
  await lab.homelab.sql(
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
  await lab.project.set(lab.stack, "clientSecretRotation", "2026-12");
  await lab.up();
  const now = (await lab.outputs())["clientSecret"];
  expect(now).not.toBe(was);
  expect((await row()).config.oauth["clientSecret"]).toBe(now);
  expect(await lab.logIn("bob")).toMatchObject({ ok: true });
});

test("destroy puts the settings back as they were, and restarts", async () => {
  const restarts = await lab.restarts();
  const output = await lab.project.ok("destroy", "--yes", "--skip-preview");
  expect(changesOf(output)).toMatchObject({ deleted: 17 });
  expect(await lab.tables()).toBe(before);
  expect(await lab.restarts()).toBe(restarts + 1);
  expect(await lab.roles()).toEqual([]);
  expect(await lab.logIn("alice")).toMatchObject({ ok: false });
});

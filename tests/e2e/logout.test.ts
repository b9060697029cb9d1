/** Straight in from Authentik's tile, and out of both by logging out of one: Immich 3, after an upgrade from 2. */
import type { Page } from "playwright-core";

import { BROWSER, launchBrowser } from "../support/browser";
import { startLab, type Lab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(600_000);

const { test } = needsControl("it upgrades Immich");
const testInBrowser = BROWSER === undefined ? test.skip : test;

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ immichVersion: "2.7.5" });
  lab.project.configure("sandbox", {
    launchUrl: `${lab.sandbox.immich.url}/auth/login?autoLaunch=1`,
  });
});
afterAll(() => lab?.stop());

const PROVIDERS = "providers/oauth2/";

type Json = Record<string, unknown>;

const authentik = (method: string, path: string, body?: object): Promise<Json> =>
  lab.homelab.api(method, path, body);

const provider = async () => ((await authentik("GET", PROVIDERS))["results"] as [Json])[0];
const logoutUri = () => `${lab.sandbox.immich.url}/api/oauth/backchannel-logout`;
const stored = async () => {
  const [row] = await lab.sandbox.sql<{ endpoint: string | null }>(
    `SELECT value #>> '{oauth,endSessionEndpoint}' AS endpoint FROM system_metadata WHERE key = 'system-config'`,
  );
  return row?.endpoint;
};

test("an Immich that takes no word of a logout: a logout URI set by hand stays, and is no change", async () => {
  await lab.up();
  const { pk, logout_uri } = await provider();
  expect([logout_uri, await stored()]).toEqual(["", null]);
  await authentik("PATCH", `${PROVIDERS}${pk}/`, { logout_uri: "https://by.hand.example.org/" });
  expect(await lab.up("--refresh")).not.toHaveProperty("updated");
  expect((await provider())["logout_uri"]).toBe("https://by.hand.example.org/");
});

test("upgraded to 3.1: the preview shows it, one up sets both sides, and proves it", async () => {
  await lab.sandbox.control("immich/configure", { version: "3.1.0" });
  const endSession = `${lab.sandbox.authentik.url}/application/o/immich/end-session/`;
  const { stdout, stderr } = await lab.project.run("preview", "--diff", "--refresh");
  const preview = stdout + stderr;
  expect(preview).toContain(
    `logoutUri: "https://by.hand.example.org/" => ${JSON.stringify(logoutUri())}`,
  );
  expect(preview).toMatch(/\+ oauth\.endSessionEndpoint +: "/);
  await lab.up("--refresh");
  expect(await provider()).toMatchObject({ logout_uri: logoutUri(), logout_method: "backchannel" });
  expect(await stored()).toBe(endSession);
  expect((await lab.outputs())["loginCheck"]).toEqual({
    summary: expect.stringMatching(/^(\d+) of \1 ok$/),
  });
  expect(await lab.up()).not.toHaveProperty("updated");
});

async function enter(page: Page): Promise<void> {
  const alice = lab.sandbox.users.find(({ username }) => username === "alice");
  await page.getByLabel("Email or Username", { exact: true }).fill(alice?.username ?? "");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Password", { exact: true }).fill(alice?.password ?? "");
  await page.getByRole("button", { name: "Continue" }).click();
}

testInBrowser(
  "from the tile straight into Immich; logged out of Authentik, out of Immich",
  async () => {
    const browser = await launchBrowser();
    try {
      const page = await (await browser.newContext()).newPage();
      page.setDefaultTimeout(60_000);
      await page.goto(`${lab.sandbox.authentik.url}/if/user/`);
      await enter(page);
      await page.getByRole("link", { name: "Immich" }).click();
      await page.getByText("You're about to sign into Immich").waitFor();
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForURL(/\/auth\/onboarding|\/photos/);
      const me = () => page.evaluate(async () => (await fetch("/api/users/me")).status);
      expect(await me()).toBe(200);

      // What is not a good logout token ends nothing.
      for (const token of ["", "a.b.c", unsigned(lab)]) {
        const body = new URLSearchParams({ logout_token: token });
        const { status } = await fetch(logoutUri(), { method: "POST", body });
        expect([token, status]).toEqual([token, 400]);
      }
      expect(await me()).toBe(200);

      const authentikPage = await page.context().newPage();
      await authentikPage.goto(`${lab.sandbox.authentik.url}/flows/-/default/invalidation/`);
      await authentikPage.waitForURL(/default-authentication-flow/);
      await page.waitForFunction(async () => (await fetch("/api/users/me")).status === 401);
      await page.goto(`${lab.sandbox.immich.url}/photos`);
      await page.waitForURL(/\/auth\/login/);

      // The way back in by password, though the tile skips it.
      await page.goto(`${lab.sandbox.immich.url}/auth/login?autoLaunch=0`);
      await page.getByRole("button", { name: "Login with Authentik" }).waitFor();
    } finally {
      await browser.close();
    }
  },
);

testInBrowser(
  "logged out of Immich, the browser is at Authentik's end of the session",
  async () => {
    const browser = await launchBrowser();
    try {
      const page = await (await browser.newContext()).newPage();
      page.setDefaultTimeout(60_000);
      await page.goto(`${lab.sandbox.immich.url}/auth/login?autoLaunch=1`);
      await enter(page);
      await page.waitForURL(/\/auth\/onboarding|\/photos/);
      const { redirectUri } = (await page.evaluate(async () =>
        (await fetch("/api/auth/logout", { method: "POST" })).json(),
      )) as { redirectUri: string };
      const to = new URL(redirectUri);
      expect(`${to.origin}${to.pathname}`).toBe(
        `${lab.sandbox.authentik.url}/application/o/immich/end-session/`,
      );
      expect(to.searchParams.get("id_token_hint")).toMatch(/^ey/);
      await page.goto(redirectUri);
      await page.getByText("Immich").first().waitFor();
    } finally {
      await browser.close();
    }
  },
);

/** What a stranger could send: the right claims, and no signature. */
function unsigned({ sandbox }: Lab): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: `${sandbox.authentik.url}/application/o/immich/`,
    aud: "immich-oauth-client",
    iat: now,
    exp: now + 60,
    jti: "1",
    sid: "1",
    events: { "http://schemas.openid.net/event/backchannel-logout": {} },
  };
  return `${part({ alg: "none" })}.${part(claims)}.`;
}

/** Authentik's pages in a real browser: log in, agree, be refused, log out. */

import type { Browser, Page } from "playwright-core";

import { describeInBrowser, launchBrowser, screenshot } from "../support/browser";
import { AuthentikProcess } from "./support/authentik";
import type { Client } from "./support/oidc";
import { find, makeClient } from "./support/oidc";

describeInBrowser("Authentik's pages", () => {
  let authentik: AuthentikProcess;
  let client: Client;
  let callback: string;
  let browser: Browser;
  let page: Page;
  const failures: string[] = [];

  beforeAll(async () => {
    authentik = await AuthentikProcess.start({
      groups: ["immich-users"],
      users: [
        {
          username: "alice",
          name: "Alice Example",
          password: "pw-alice",
          groups: ["immich-users"],
        },
        { username: "bob", password: "pw-bob" },
      ],
    });
    callback = `${authentik.url}/called-back`;
    client = await makeClient(authentik, "immich", {
      authorization_flow: await find(
        authentik,
        "flows/instances/",
        "slug=default-provider-authorization-explicit-consent",
      ),
      redirect_uris: [{ matching_mode: "strict", url: callback }],
    });
    await authentik.api("PATCH", "core/applications/immich/", { name: "Immich" });
    await authentik.api("POST", "policies/bindings/", {
      target: client.application,
      group: await find(authentik, "core/groups/", "name=immich-users"),
      order: 0,
    });
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1000, height: 720 } });
    page.on("pageerror", (error) => failures.push(error.message));
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await authentik.stop();
  }, 30_000);

  const shot = (name: string) => screenshot(page, `authentik-${name}`);
  const authorize = (redirect_uri = callback) =>
    page.goto(
      `${authentik.url}/application/o/authorize/?${new URLSearchParams({
        client_id: client.id,
        redirect_uri,
        response_type: "code",
        scope: "openid email profile",
        state: "st4te",
      })}`,
    );
  const enter = async (label: string, text: string, button: string): Promise<void> => {
    await page.getByLabel(label, { exact: true }).fill(text);
    await page.getByRole("button", { name: button }).click();
  };

  test("a login: name, wrong password, right password, consent, back to the client", async () => {
    await authorize();
    await page.getByText("Log in to continue to Immich.").waitFor();
    await shot("1-name");
    await enter("Email or Username", "alice", "Log in");
    await enter("Password", "wrong", "Continue");
    await page.getByRole("alert").getByText("Invalid password").waitFor();
    await shot("2-wrong-password");
    await enter("Password", "pw-alice", "Continue");
    await page.getByText("You're about to sign into Immich.").waitFor();
    await expect(page.locator(".scopes code").allTextContents()).resolves.toEqual([
      "email",
      "openid",
      "profile",
    ]);
    await shot("3-consent");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/\/called-back\?/);
    expect(page.url()).toMatch(/\/called-back\?code=[\w-]+&state=st4te$/);
    await authorize();
    await page.waitForURL(/\/called-back\?/);
  }, 60_000);

  test("logging out, and being refused as somebody else", async () => {
    await page.goto(`${authentik.url}/application/o/immich/end-session/`);
    await page.getByText("You've logged out of Immich.").waitFor();
    await page.getByRole("link", { name: "Log out of authentik" }).click();
    await page.getByLabel("Email or Username").waitFor();
    await authorize();
    await enter("Email or Username", "bob", "Log in");
    await enter("Password", "pw-bob", "Continue");
    await page.getByRole("heading", { name: "Permission denied" }).waitFor();
    await shot("4-denied");
    await page.getByRole("link", { name: "Not you? Log out" }).click();
    await page.getByLabel("Email or Username").waitFor();
  }, 60_000);

  test("a redirect URI that is not on the list", async () => {
    await authorize(`${callback}/`);
    await page.getByRole("heading", { name: "Redirect URI Error" }).waitFor();
    await shot("5-redirect-uri");
    expect(failures).toEqual([]);
  }, 60_000);
});

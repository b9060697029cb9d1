// What a person sees in a real browser when the login is broken in each way, and that the checks name
// the cause at the same moment. Skipped, and said so, where there is no browser.
import type { Browser, Page } from "playwright-core";

import { catalogue, checkIds, type CheckId } from "../../checks/catalogue";
import { runChecks } from "../../checks/run";
import { describeInBrowser, launchBrowser } from "../support/browser";
import { Lab, type Person, redirectUri } from "./lab";

const BUTTON = "Login with Authentik";

jest.setTimeout(120_000);

describeInBrowser("symptoms in a browser", () => {
  const lab = new Lab();
  const seen: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [browser] = await Promise.all([launchBrowser(), lab.start()]);
  });
  beforeEach(async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(30_000);
    page = await context.newPage();
  });
  afterEach(async () => {
    await page.context().close();
    await lab.mend();
  });
  afterAll(async () => {
    await browser?.close();
    await lab.stop();
    process.stderr.write(`${seen.join("\n")}\n${seen.length} symptoms seen and explained\n`);
  });

  const open = () => page.goto(`${lab.immichUrl}/auth/login`);
  const click = async () => {
    await open();
    await page.getByRole("button", { name: BUTTON }).click();
  };
  /** Goes through Authentik's pages as somebody who has never been there. */
  const logIn = async (person: Person) => {
    await click();
    await page.getByLabel("Email or Username", { exact: true }).fill(person.username);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByLabel("Password", { exact: true }).fill(person.password);
    await page.getByRole("button", { name: "Continue" }).click();
  };
  const agree = async (person: Person) => {
    await logIn(person);
    // Consent is asked for once only.
    const consent = page.getByText("You're about to sign into Immich.");
    await Promise.race([consent.waitFor(), page.waitForURL(`${lab.immichUrl}/**`)]);
    if (await consent.isVisible()) await page.getByRole("button", { name: "Continue" }).click();
  };

  /** The name, how it is broken, what the person does, what they see, what the checks say. */
  const rows: [string, () => Promise<unknown>, () => Promise<unknown>, string | RegExp, CheckId][] =
    [
      [
        "Invalid redirect URI",
        () => lab.patchProvider({ redirect_uris: lab.redirectUris.slice(1).map(redirectUri) }),
        click,
        "Redirect URI Error",
        "redirect-uri-web",
      ],
      [
        "Client authentication failed",
        () => lab.patchProvider({ client_secret: "changed-by-hand" }),
        () => agree(lab.carol),
        /Failed to finish oauth/,
        "client-secret",
      ],
      [
        "User not created",
        () => lab.changeRow({ "oauth.autoRegister": false }),
        () => agree(lab.carol),
        /User does not exist and auto registering is disabled/,
        "auto-register",
      ],
      [
        "User not created: no e-mail address",
        () => lab.muteEmail(),
        () => agree(lab.carol),
        /OAuth profile does not have an email address/,
        "email-claim",
      ],
      [
        "User not created: the scope is not asked for",
        () => lab.changeRow({ "oauth.scope": "openid profile" }),
        () => agree(lab.carol),
        /OAuth profile does not have an email address/,
        "immich-scope",
      ],
      [
        "Client ID Error",
        () => lab.patchProvider({ client_id: "somebody-else" }),
        click,
        "Client ID Error",
        "client-known",
      ],
      [
        "Client ID Error, Immich's",
        () => lab.changeRow({ "oauth.clientId": "immich" }),
        click,
        "Client ID Error",
        "immich-client-id",
      ],
      [
        "HS256",
        () => lab.patchProvider({ signing_key: null }),
        () => agree(lab.carol),
        /Failed to finish oauth/,
        "signing-algorithm",
      ],
      [
        "HS256 expected by Immich",
        () => lab.changeRow({ "oauth.signingAlgorithm": "HS256" }),
        () => agree(lab.carol),
        /Failed to finish oauth/,
        "signing-algorithm",
      ],
      [
        "signed user info expected by Immich",
        () => lab.changeRow({ "oauth.profileSigningAlgorithm": "RS256" }),
        () => agree(lab.carol),
        /Failed to finish oauth/,
        "settings-usable",
      ],
      [
        "no time to answer",
        () => lab.changeRow({ "oauth.timeout": 0 }),
        click,
        /Error in OAuth discovery: ClientError: operation timed out/,
        "settings-usable",
      ],
      [
        "any redirect URI",
        () => lab.patchProvider({ redirect_uris: [] }),
        async () => {
          const list = () => lab.first("providers/oauth2/?client_id=immich-oauth-client");
          await click();
          await page.getByText("Log in to continue to Immich").first().waitFor();
          expect((await list())["redirect_uris"]).toHaveLength(1);
          await lab.patchProvider({ redirect_uris: [] });
        },
        "Log in",
        "redirect-uri-list",
      ],
      [
        "another login in front",
        async () => void (lab.immichProxy.loginInFront = true),
        open,
        "Sign in to continue",
        "immich-public",
      ],
      [
        "not in a group",
        async () => {
          const group = await lab.first("core/groups/?name=immich-users");
          await lab.api("PATCH", `core/groups/${String(group["pk"])}/`, { users: [] });
          return () =>
            lab.api("PATCH", `core/groups/${String(group["pk"])}/`, { users: group["users"] });
        },
        () => logIn(lab.carol),
        "Permission denied",
        "access-groups",
      ],
      [
        "no button",
        () => lab.changeRow({ "oauth.enabled": false }),
        async () => {
          await open();
          await page.getByRole("button", { name: "Login", exact: true }).waitFor();
          expect(await page.getByRole("button", { name: BUTTON }).count()).toBe(0);
        },
        "Login",
        "oauth-enabled",
      ],
      [
        "no way in at all",
        () => lab.changeRow({ "oauth.enabled": false, "passwordLogin.enabled": false }),
        open,
        "Login has been disabled.",
        "password-login-lockout",
      ],
      [
        "proxy hides https",
        () => lab.control("authentik/faults", { forwardedProto: "https" }),
        click,
        /discovered metadata issuer does not match the expected issuer/,
        "issuer-equal",
      ],
      [
        "Authentik's public address is down",
        async () => void (lab.proxy.down = true),
        click,
        /Error in OAuth discovery/,
        "issuer-reachable",
      ],
      [
        "Immich does not reach Authentik",
        async () =>
          void (lab.proxy.refuse = (request) =>
            /openid-client/.test(request.headers["user-agent"] ?? "")),
        click,
        /Error in OAuth discovery: ClientError: unexpected HTTP response status code/,
        "immich-discovery",
      ],
      [
        "http issuer, Immich 3",
        () => lab.turnOff("immich/configure", { version: "3.0.0" }),
        click,
        /only requests to HTTPS are allowed/,
        "insecure-issuer",
      ],
    ];

  test.each(rows)("%s", async (name, breakIt, act, text, id) => {
    const undo = await breakIt();
    await act();
    await page.getByText(text).filter({ visible: true }).first().waitFor();
    const results = await runChecks(lab.input());
    const broken = results.filter((one) => one.verdict === "broken");
    expect(broken.map((one) => one.id)).toEqual([id]);
    seen.push(`  ${name}: ${id}`);
    if (typeof undo === "function") await undo();
  });

  test("account linking: the redirect URI of the settings page", async () => {
    await lab.patchProvider({
      redirect_uris: lab.redirectUris.filter((_, index) => index !== 1).map(redirectUri),
    });
    await agree(lab.alice);
    await page.waitForURL(/photos|onboarding/);
    await page.goto(`${lab.immichUrl}/user-settings`);
    await page.getByRole("button", { name: "Unlink OAuth" }).click();
    await page.getByRole("button", { name: "Link to OAuth" }).click();
    await page.getByRole("heading", { name: "Redirect URI Error" }).waitFor();
    const results = await runChecks(lab.input());
    expect(results.filter((one) => one.verdict === "broken").map((one) => one.id)).toEqual([
      "redirect-uri-user-settings",
    ]);
    seen.push("  account linking: redirect-uri-user-settings");
  });

  test("Immich itself is down", async () => {
    await lab.turnOff("immich/stop");
    await open();
    await page.getByText("Bad Gateway").waitFor();
    const results = await runChecks(lab.input());
    expect(results.filter((one) => one.verdict === "broken").map((one) => one.id)).toEqual([
      "immich-reachable",
    ]);
    seen.push("  Immich is down: immich-reachable");
  });

  test("every check has a symptom to be recognised by", () => {
    for (const id of checkIds) expect(catalogue[id].symptom.length).toBeGreaterThan(20);
  });
});

/** Immich's pages as a person sees them, in a real browser. Skipped, and said so, where there is none. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Postgres, startPostgres } from "../../sandbox/postgres";
import { describeInBrowser, launchBrowser } from "../support/browser";
import { type OddProviders, startOddProviders } from "./immich/oddProvider";
import { type RunningImmich, startImmich } from "./immich/server";

const PATIENCE = 60_000;

describeInBrowser("Immich's pages", () => {
  let folder: string;
  let postgres: Postgres;
  let providers: OddProviders;
  let immich: RunningImmich;
  let database: Client;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "immich-pages-"));
    [postgres, providers, browser] = await Promise.all([
      startPostgres({ folder, immichVersion: null }),
      startOddProviders(),
      launchBrowser(),
    ]);
    immich = await startImmich({ databaseUrl: postgres.url });
    database = new Client({ connectionString: postgres.url });
    await database.connect();
  }, PATIENCE);

  beforeEach(async () => {
    context = await browser.newContext();
    context.setDefaultTimeout(20_000);
    page = await context.newPage();
  });

  afterEach(() => context?.close());

  afterAll(async () => {
    await browser?.close();
    await database?.end();
    await immich?.stop();
    await providers?.close();
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, PATIENCE);

  const set = (oauth: object, more: object = {}) =>
    database.query(
      `INSERT INTO system_metadata (key, value) VALUES ('system-config', $1)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      [
        JSON.stringify({
          oauth: {
            enabled: true,
            clientId: "immich",
            clientSecret: "secret",
            issuerUrl: `${providers.url}/noidtoken`,
            buttonText: "Login with Authentik",
            ...oauth,
          },
          ...more,
        }),
      ],
    );
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const alert = () => page.getByRole("alert").filter({ visible: true });

  test(
    "a new person clicks the button, is welcomed, sees who they are, unlinks, links, signs out",
    async () => {
      await set({});
      await page.goto(`${immich.url}/`);
      await button("Login with Authentik").click();
      await page.waitForURL("**/auth/onboarding");
      await page.getByRole("heading", { name: "Welcome, Fake noidtoken" }).waitFor();
      await button("Done").click();
      await page.waitForURL("**/photos");
      await page.getByRole("main").getByText("fake-noidtoken@example.test").waitFor();
      await page.goto(`${immich.url}/user-settings`);
      await button("Unlink OAuth").click();
      await button("Link to OAuth").click();
      await page.getByText("Linked OAuth account").waitFor();
      expect(page.url()).toBe(`${immich.url}/user-settings`);
      await button("Sign out").click();
      await button("Login with Authentik").waitFor();
    },
    PATIENCE,
  );

  test(
    "what the settings allow is what the login page shows",
    async () => {
      await set({ enabled: false });
      await page.goto(`${immich.url}/auth/login`);
      await button("Login").waitFor();
      expect(await button("Login with Authentik").count()).toBe(0);
      await set({}, { passwordLogin: { enabled: false } });
      await page.reload();
      await button("Login with Authentik").waitFor();
      expect(await page.getByLabel("Password").isVisible()).toBe(false);
      await set({ enabled: false }, { passwordLogin: { enabled: false } });
      await page.reload();
      await page.getByText("Login has been disabled.").waitFor();
    },
    PATIENCE,
  );

  test(
    "errors are seen: nobody may register, the issuer is wrong, the password is wrong",
    async () => {
      await set({
        autoRegister: false,
        issuerUrl: `${providers.url}/none`,
        signingAlgorithm: "none",
      });
      await page.goto(`${immich.url}/auth/login`);
      await button("Login with Authentik").click();
      await page.waitForURL(/\?code=/);
      await alert().filter({ hasText: "User does not exist and auto registering" }).waitFor();
      await set({ issuerUrl: `${providers.url}/noidtoken/` });
      await button("Login with Authentik").click();
      await page.getByText("Error in OAuth discovery: ClientError: discovered metadata").waitFor();
      await alert().filter({ hasText: "Unable to login with OAuth" }).waitFor();
      await page.getByLabel("Email").fill("admin@example.test");
      await page.getByLabel("Password").fill("nonsense");
      await button("Login").click();
      await alert().filter({ hasText: "Incorrect email or password" }).waitFor();
      await page.getByLabel("Password").fill("admin");
      await button("Login").click();
      await page.waitForURL("**/photos");
      await page.getByText(", an administrator").waitFor();
    },
    PATIENCE,
  );

  test(
    "auto launch goes to the provider by itself, unless told not to",
    async () => {
      await set({
        autoLaunch: true,
        issuerUrl: `${providers.url}/nopkce`,
        signingAlgorithm: "none",
      });
      await page.goto(`${immich.url}/auth/login?autoLaunch=0`);
      await button("Login with Authentik").waitFor();
      await page.goto(`${immich.url}/auth/login`);
      await page.getByRole("heading", { name: "Welcome, Fake nopkce" }).waitFor();
    },
    PATIENCE,
  );
});

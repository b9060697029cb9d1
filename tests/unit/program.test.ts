/**
 * What the program asks Pulumi for. Mocks stand in for the engine: this proves the inputs of every
 * resource and call, not that a provider accepts them; tests/e2e does that.
 */
import * as pulumi from "@pulumi/pulumi";

import { ssoArguments } from "../../arguments";
import { ImmichSso } from "../../components/immichSso";
import { readConfig } from "../../config";
import { BUILT_IN, type FakeAuthentik, startFakeAuthentik } from "../support/fakeAuthentik";
import { configValues, HOMELAB_SECRETS, source } from "../stackFile";

let fake: FakeAuthentik;
beforeAll(async () => {
  jest.spyOn(pulumi.log, "warn").mockResolvedValue(); // what mocks make is gone, for the fake Authentik
  fake = await startFakeAuthentik();
  const groups = ["family", "friends", "admins"];
  fake.contents = {
    ...BUILT_IN,
    "core/groups/": groups.map((name) => ({ pk: `group ${name}`, name })),
  };
});
afterAll(() => fake.stop());

interface Registered {
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** What providers would add to a resource's inputs. */
const OUTPUTS: Record<string, Record<string, unknown>> = {
  "random:index/randomPassword:RandomPassword": { result: "generated-secret" },
  "authentik:index/application:Application": { uuid: "uuid of the application" },
  "immich:index:SettingsSnapshot": {
    previous: {},
    immichVersion: "1.135.3",
    databaseId: "7431/16384",
  },
  "immich:index:PostgresTunnel": {
    host: "127.0.0.1",
    port: 25000,
    sslmode: "verify-full",
    sslrootcert: ".immich-tunnel/25000.pem",
  },
  "immich:index:Settings": {
    settingsChangedAt: "2026-01-01T00:00:00.000Z",
    immichVersion: "1.135.3",
    skipped: [],
  },
  "immich:index:LoginCheck": {
    checks: { "issuer-equal": "ok", "client-secret": "broken: HTTP 400 | fix: npx pulumi up" },
  },
  "command:remote:Command": { stdout: "", stderr: "" },
};

async function run(more: Record<string, unknown> = {}, immichVersion?: string) {
  const resources = new Map<string, Registered[]>();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const known = resources.get(type) ?? [];
        resources.set(type, [...known, { name, inputs }]);
        const id = type.endsWith("ProviderOauth2") ? "4" : `${name} id`;
        return { id, state: { ...inputs, ...OUTPUTS[type] } };
      },
      call: ({ token }) => {
        throw new Error(`unknown call ${token}`);
      },
    },
    "immich-authentik-sso",
    "homelab",
  );
  // Pulumi's mocks know no hooks; tests/unit/existing.test.ts and tests/e2e run what is in them.
  const registerResourceHook = (_: unknown, done: (error: null) => void): void => done(null);
  Object.assign(pulumi.runtime.getMonitor() ?? {}, { registerResourceHook });
  const values = configValues("homelab", {
    ...HOMELAB_SECRETS,
    "authentik:url": fake.url,
    ...more,
  });
  const sso = new ImmichSso(
    "immich",
    ssoArguments(readConfig(source(values)), "homelab", immichVersion),
  );
  const value = <T>(output: pulumi.Output<T>): Promise<T> =>
    new Promise((resolve) => output.apply(resolve));
  const outputs = {
    issuerUrl: await value(sso.issuerUrl),
    discoveryUrl: await value(sso.discoveryUrl),
    clientId: await value(sso.clientId),
    clientSecret: await value(sso.clientSecret),
    clientSecretIsSecret: await pulumi.isSecret(sso.clientSecret),
    scopes: await value(sso.scopes),
    redirectUris: await value(sso.redirectUris),
    loginCheck: await value(sso.loginCheck),
  };
  await pulumi.runtime.disconnect();
  const one = (type: string): Registered => {
    const found = resources.get(type) ?? [];
    if (found.length !== 1) throw new Error(`${found.length} of ${type}`);
    return found[0] as Registered;
  };
  return { resources, one, outputs };
}

const types = {
  provider: "authentik:index/providerOauth2:ProviderOauth2",
  application: "authentik:index/application:Application",
  binding: "authentik:index/policyBinding:PolicyBinding",
  scope: "authentik:index/propertyMappingProviderScope:PropertyMappingProviderScope",
  password: "random:index/randomPassword:RandomPassword",
  row: "immich:index:Settings",
  snapshot: "immich:index:SettingsSnapshot",
  check: "immich:index:LoginCheck",
  immich: "pulumi:providers:immich",
  role: "postgresql:index/role:Role",
  grant: "postgresql:index/grant:Grant",
  postgres: "pulumi:providers:postgresql",
  command: "command:remote:Command",
};

describe("the homelab of the tutorial", () => {
  test("gives exactly the tutorial's values", async () => {
    const { one, outputs } = await run();
    expect(one(types.provider).inputs).toMatchObject({
      name: "immich-oauth-provider",
      clientType: "confidential",
      clientId: "immich-oauth-client",
      authorizationFlow: "flow default-provider-authorization-explicit-consent",
      invalidationFlow: "flow default-provider-invalidation-flow",
      signingKey: "certificate authentik Self-signed Certificate",
      allowedRedirectUris: [
        {
          matching_mode: "strict",
          url: "https://photos.hrmsmrflrii.xyz/auth/login",
          redirect_uri_type: "authorization",
        },
      ],
      propertyMappings: ["mapping openid", "mapping email", "mapping profile"],
    });
    expect(one(types.provider).inputs).toMatchObject({ accessTokenValidity: "hours=1" });
    expect(one(types.provider).inputs).not.toHaveProperty("encryptionKey");
    expect(one(types.application).inputs).toEqual({
      name: "Immich",
      slug: "immich",
      protocolProvider: 4,
      metaLaunchUrl: "https://photos.hrmsmrflrii.xyz",
    });
    expect(plain(one(types.immich).inputs)).toMatchObject({
      sshHost: "192.168.40.22",
      sshUser: "hermes-admin",
      postgresContainer: "immich_postgres",
      composeDirectory: "/opt/immich",
    });
    expect(one(types.row).inputs).toMatchObject({
      store: "system_metadata",
      login: "immich_sso_homelab",
      databaseId: "7431/16384",
    });
    const settings = one(types.row).inputs["settings"] as Record<string, unknown>;
    expect(plain(settings)).toEqual({
      "oauth.enabled": true,
      "oauth.issuerUrl": "https://auth.hrmsmrflrii.xyz/application/o/immich/",
      "oauth.clientId": "immich-oauth-client",
      "oauth.clientSecret": "generated-secret",
      "oauth.scope": "openid email profile",
      "oauth.buttonText": "Login with Authentik",
      "oauth.autoRegister": true,
    });
    const restart = one(types.command);
    expect(restart.inputs["create"]).toContain("/opt/immich");
    expect(plain(restart.inputs["triggers"])).toEqual(["2026-01-01T00:00:00.000Z"]);
    expect(restart.inputs).not.toHaveProperty("delete");
    expect(plain(restart.inputs["connection"])).toMatchObject({
      host: "192.168.40.22",
      port: 22,
      user: "hermes-admin",
      hostKey: expect.stringMatching(/^ssh-ed25519 /),
    });
    expect(outputs).toEqual({
      issuerUrl: "https://auth.hrmsmrflrii.xyz/application/o/immich/",
      discoveryUrl:
        "https://auth.hrmsmrflrii.xyz/application/o/immich/.well-known/openid-configuration",
      clientId: "immich-oauth-client",
      clientSecret: "generated-secret",
      clientSecretIsSecret: true,
      scopes: ["openid", "email", "profile"],
      redirectUris: ["https://photos.hrmsmrflrii.xyz/auth/login"],
      loginCheck: {
        "issuer-equal": "ok",
        "client-secret": "broken: HTTP 400 | fix: npx pulumi up",
      },
    });
  });

  test("makes a Postgres login for the settings table and nothing else", async () => {
    const { one } = await run();
    expect(plain(one(types.postgres).inputs)).toMatchObject({
      host: "127.0.0.1",
      sslmode: "verify-full",
      sslrootcert: ".immich-tunnel/25000.pem",
      username: "postgres",
    });
    expect(one(types.role).inputs).toMatchObject({ name: "immich_sso_homelab", login: true });
    expect(one(types.grant).inputs).toMatchObject({
      role: "immich_sso_homelab",
      database: "immich",
      schema: "public",
      objectType: "table",
      objects: ["system_metadata"],
      privileges: ["DELETE", "INSERT", "SELECT", "UPDATE"],
    });
  });

  test("has no secret in a command, and no password of Postgres in the row", async () => {
    const { resources } = await run();
    const commands = JSON.stringify(resources.get(types.command)?.map(({ inputs }) => inputs));
    expect(commands).not.toContain("generated-secret");
    const dynamic = JSON.stringify(
      [types.row, types.snapshot, types.check].map((type) => resources.get(type)),
    );
    expect(dynamic).not.toContain("postgres-password-canary");
  });
});

describe("what configuration changes", () => {
  const own = (key: string): string => `immich-authentik-sso:${key}`;

  test("a secret of one's own: none is generated", async () => {
    const { resources, outputs } = await run({ [own("clientSecret")]: "of-my-own" });
    expect(resources.has(types.password)).toBe(false);
    expect(outputs.clientSecret).toBe("of-my-own");
    expect(outputs.clientSecretIsSecret).toBe(true);
  });

  test("groups: who may log in, and who is an administrator", async () => {
    const { resources, one } = await run({
      [own("accessGroups")]: '["family","friends"]',
      [own("adminGroups")]: '["admins","the \\"chief\\""]',
    });
    expect(resources.get(types.binding)?.map(({ inputs }) => inputs)).toEqual([
      { target: "uuid of the application", group: "group family", order: 0 },
      { target: "uuid of the application", group: "group friends", order: 1 },
    ]);
    expect(one(types.scope).inputs).toMatchObject({
      scopeName: "immich",
      expression:
        'return {"immich_role": "admin"} if ak_is_group_member(request.user, name="admins") or ' +
        'ak_is_group_member(request.user, name="the \\"chief\\"") else {}',
    });
    expect(one(types.check).inputs["soleAdminGroups"]).toBeUndefined();
    expect(plain(one(types.row).inputs["settings"])).toMatchObject({
      "oauth.scope": "openid email profile immich",
      "oauth.roleClaim": "immich_role",
    });
  });

  test("space and folder: a scope and a claim for each, and more of Immich's settings by its names", async () => {
    const { resources, one } = await run({
      [own("adminGroups")]: '["admins"]',
      [own("adminGroupsDemote")]: "true",
      [own("storageQuotas")]: '{"family":100,"friends":0.5}',
      [own("storageLabelAttribute")]: "folder",
      [own("oauthSettings")]: '{"timeout":5000,"prompt":"login"}',
    });
    expect(
      resources.get(types.scope)?.map(({ name, inputs }) => [name, inputs["scopeName"]]),
    ).toEqual([
      ["immich-role", "immich"],
      ["immich-quota", "immich_quota"],
      ["immich-label", "immich_storage_label"],
    ]);
    expect(plain(one(types.row).inputs["settings"])).toMatchObject({
      "oauth.scope": "openid email profile immich immich_quota immich_storage_label",
      "oauth.roleClaim": "immich_role",
      "oauth.storageQuotaClaim": "immich_quota",
      "oauth.storageLabelClaim": "immich_storage_label",
      "oauth.timeout": 5000,
      "oauth.prompt": "login",
    });
    expect(one(types.check).inputs["soleAdminGroups"]).toEqual(["admins"]);
  });

  test("settings that are unset are not touched", async () => {
    const { one } = await run({ [own("autoLaunch")]: "true" });
    const settings = plain(one(types.row).inputs["settings"]);
    expect(settings).toMatchObject({ "oauth.autoLaunch": true });
    expect(settings).not.toHaveProperty(["passwordLogin.enabled"]);
  });

  test("password login is turned off by a row of its own, after the proof", async () => {
    const { resources } = await run({ [own("passwordLogin")]: "false" });
    const rows = resources.get(types.row) ?? [];
    expect(rows.map(({ name }) => name)).toEqual([
      "immich-settings-row",
      "immich-password-login-row",
    ]);
    expect(rows[1]?.inputs["settings"]).toEqual({ "passwordLogin.enabled": false });
  });

  test("a plain http issuer needs allowInsecureRequests, where Immich knows it", async () => {
    const { one } = await run({ [own("authentikPublicUrl")]: "http://127.0.0.1:9000" });
    expect(one(types.row).inputs["whereKnown"]).toMatchObject({
      "oauth.allowInsecureRequests": true,
    });
  });

  test.each([
    [undefined, false],
    ["2.7.5", false],
    ["3.0.0", true],
  ])(
    "logging out, Immich %s: Authentik tells it of the end of a session: %s",
    async (version, told) => {
      const { one } = await run({}, version);
      expect(one(types.row).inputs["whereKnown"]).toEqual({
        "oauth.endSessionEndpoint":
          "https://auth.hrmsmrflrii.xyz/application/o/immich/end-session/",
      });
      const logoutUri = told
        ? "https://photos.hrmsmrflrii.xyz/api/oauth/backchannel-logout"
        : undefined;
      expect(one(types.provider).inputs["logoutUri"]).toBe(logoutUri);
      expect(one(types.provider).inputs["logoutMethod"]).toBe(told ? "backchannel" : undefined);
      expect(one(types.check).inputs["logoutUri"]).toBe(logoutUri);
    },
  );

  test("an address without a dot is none that Immich would save: it finds the end of a session by itself", async () => {
    const { one } = await run({ [own("authentikPublicUrl")]: "https://authentik" });
    expect(one(types.row).inputs["whereKnown"]).toBeUndefined();
  });

  test("the existing Postgres login instead of a dedicated one", async () => {
    const { resources, one } = await run({ [own("postgresLogin")]: "existing" });
    expect(resources.has(types.role) || resources.has(types.grant)).toBe(false);
    expect(one(types.row).inputs["login"]).toBe("");
  });

  test("no restart, no check", async () => {
    const { resources, outputs } = await run({
      [own("restart")]: "never",
      [own("loginCheck")]: "off",
    });
    expect(resources.has(types.command) || resources.has(types.check)).toBe(false);
    expect(outputs.loginCheck).toEqual({});
  });

  test("restart where it is needed: not for an Immich that reads its settings at each request", async () => {
    const { one } = await run({ [own("restart")]: "whenNeeded" });
    expect(one(types.command).inputs["create"]).toBe("true");
    expect(one(types.row).inputs["restartOnDelete"]).toBe("whenNeeded");
  });
});

/** Mocks hand secrets over wrapped; here the values count. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if ("4dabf18193072939515e22adb298388d" in object) return plain(object["value"]);
  return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, plain(inner)]));
}

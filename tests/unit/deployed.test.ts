/** What is deployed, by a stack's state, and which keys of the configuration are not. */
import { deployedOf, notDeployed } from "../../commands/deployed";
import { resourcesOf } from "../../commands/state";
import { roleExpression } from "../../components/claims";
import { PROJECT, readConfig } from "../../config";
import { configValues, HOMELAB_SECRETS, source } from "../stackFile";

const PHOTOS = "https://photos.example.org";
const AUTH = "https://auth.example.org";

const BASE: Readonly<Record<string, unknown>> = {
  "authentik:url": AUTH,
  authentikPublicUrl: AUTH,
  immichUrl: PHOTOS,
  accessGroups: ["family"],
  adminGroups: ["admins"],
  extraRedirectUris: ["https://other.example.org/auth/login"],
};

function config(change: Readonly<Record<string, unknown>> = {}) {
  const entries = Object.entries({ ...BASE, ...change }).map(([key, value]) => [
    key.includes(":") ? key : `${PROJECT}:${key}`,
    value,
  ]);
  const values = { ...HOMELAB_SECRETS, ...(Object.fromEntries(entries) as object) };
  return readConfig(source(configValues("homelab", values)));
}

/** A secret as `pulumi stack export --show-secrets` prints it. */
const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});

const SETTINGS = {
  "oauth.enabled": true,
  "oauth.issuerUrl": `${AUTH}/application/o/immich/`,
  "oauth.clientId": "immich-oauth-client",
  "oauth.clientSecret": "generated",
  "oauth.scope": "openid email profile immich",
  "oauth.buttonText": "Login with Authentik",
  "oauth.autoRegister": true,
  "oauth.roleClaim": "immich_role",
};

type Raw = Record<string, unknown> & { type: string; outputs: Record<string, unknown> };

const raw = (type: string, name: string, outputs: Record<string, unknown>): Raw => ({
  type,
  urn: `urn:pulumi:homelab::immich-authentik-sso::immich-sso:index:ImmichSso$${type}::${name}`,
  outputs,
});

function state(rowType = "immich:index:Settings"): Raw[] {
  return [
    raw("pulumi:pulumi:Stack", "immich-authentik-sso-homelab", { issuerUrl: "https://stale/" }),
    raw("random:index/randomPassword:RandomPassword", "immich-client-secret", {
      keepers: { rotation: "" },
    }),
    raw(
      "authentik:index/propertyMappingProviderScope:PropertyMappingProviderScope",
      "immich-role",
      {
        expression: roleExpression(["admins"], false),
      },
    ),
    raw("authentik:index/providerOauth2:ProviderOauth2", "immich-provider", {
      name: "immich-oauth-provider",
      clientId: "immich-oauth-client",
      clientSecret: secret("generated"),
      allowedRedirectUris: [
        { url: `${PHOTOS}/auth/login`, redirect_uri_type: "authorization" },
        { url: "https://other.example.org/auth/login", redirect_uri_type: "authorization" },
        { url: `${PHOTOS}/api/oauth/backchannel-logout`, redirect_uri_type: "logout" },
      ],
    }),
    raw("authentik:index/application:Application", "immich-application", {
      name: "Immich",
      slug: "immich",
      metaLaunchUrl: PHOTOS,
    }),
    raw("authentik:index/policyBinding:PolicyBinding", "immich-access-family", {}),
    raw(rowType, "immich-settings-row", {
      // As a refresh has found them: somebody changed the button.
      settings: { ...SETTINGS, "oauth.buttonText": "by hand" },
      deployed: secret(SETTINGS),
      settingsChangedAt: "2026-11-24T09:50:23.234854Z",
    }),
    raw("immich:index:LoginCheck", "immich-login-check", { mode: "fail", restart: "onChange" }),
  ];
}

const resources = (list: Raw[]) => resourcesOf({ version: 3, deployment: { resources: list } });

test.each(["immich:index:Settings", "pulumi-nodejs:dynamic/immich-sso:OauthSettingsRow"])(
  "what was written is read from %s, secrets in clear, and nothing from the outputs",
  (type) => {
    expect(deployedOf(resources(state(type)), config())).toEqual({
      issuerUrl: `${AUTH}/application/o/immich/`,
      applicationSlug: "immich",
      clientId: "immich-oauth-client",
      clientSecret: "generated",
      scopes: ["openid", "email", "profile", "immich"],
      redirectUris: [`${PHOTOS}/auth/login`, "https://other.example.org/auth/login"],
      immichUrl: PHOTOS,
      accessGroups: ["family"],
      settings: SETTINGS,
      settingsChangedAt: "2026-11-24T09:50:23.234854Z",
    });
  },
);

test("nothing is deployed: no resource, no deployment, only components", () => {
  for (const nothing of [{}, { deployment: null }, { deployment: { resources: [] } }]) {
    expect(deployedOf(resourcesOf(nothing), config())).toBeUndefined();
  }
  expect(deployedOf(resources(state().slice(0, 1)), config())).toBeUndefined();
});

test("half-way, before Immich's settings: what is missing is taken from the configuration", () => {
  const half = state().filter(({ type }) => !type.startsWith("immich:"));
  expect(deployedOf(resources(half), config({ applicationSlug: "photos" }))).toMatchObject({
    issuerUrl: `${AUTH}/application/o/immich/`,
    clientSecret: "generated",
    settings: {},
    settingsChangedAt: undefined,
  });
});

test("what waits for its deletion is not what is deployed", () => {
  const old = raw("authentik:index/application:Application", "immich-application", { slug: "old" });
  const list = [{ ...old, delete: true }, ...state()];
  expect(deployedOf(resources(list), config())?.applicationSlug).toBe("immich");
});

function pending(change: Readonly<Record<string, unknown>>, list = state()): string[] {
  const found = resources(list);
  const wanted = config(change);
  const deployed = deployedOf(found, wanted);
  if (deployed === undefined) throw new Error("nothing is deployed");
  return notDeployed(found, wanted, deployed);
}

test("as configured: nothing is pending", () => {
  expect(pending({})).toEqual([]);
});

/** A key, and another value than the one that is deployed. */
const changes: readonly [string, unknown, string[]?][] = [
  ["immichUrl", "https://pictures.example.org", ["immichUrl", "launchUrl"]],
  ["authentikPublicUrl", "https://login.example.org"],
  ["applicationName", "Photos"],
  ["applicationSlug", "photos"],
  ["launchUrl", "https://pictures.example.org"],
  ["providerName", "other"],
  ["clientId", "other"],
  ["clientSecret", "chosen"],
  ["clientSecretRotation", "2026-11"],
  ["scopes", "openid email"],
  ["extraRedirectUris", []],
  ["accountLinking", true],
  ["mobileApp", true],
  ["accessGroups", ["family", "friends"]],
  ["adminGroups", ["others"]],
  ["adminGroupsDemote", true],
  ["storageQuotas", { family: 100 }, ["storageQuotas", "oauthSettings"]],
  ["storageLabelAttribute", "folder", ["storageLabelAttribute", "oauthSettings"]],
  ["oauthSettings", { timeout: 5000 }],
  ["buttonText", "Other"],
  ["autoRegister", false],
  ["autoLaunch", true],
  ["passwordLogin", false],
  ["restart", "whenNeeded"],
  ["loginCheck", "warn"],
];

test.each(changes)("%s is not deployed yet", (key, value, keys = [key]) => {
  expect(pending({ [key]: value })).toEqual(keys);
});

test("a secret that was chosen, and is to be generated now", () => {
  const chosen = state().filter(({ type }) => !type.startsWith("random:"));
  expect(pending({ clientSecret: "generated" }, chosen)).toEqual([]);
  expect(pending({}, chosen)).toEqual(["clientSecret"]);
});

/** What is there already in Authentik before something is made: ours and removed, or somebody's and kept. */
import { AuthentikApi } from "../../authentik/api";
import {
  refuseTakenProvider,
  refuseTakenSlug,
  removeDoubles,
  roomForApplication,
  roomForProvider,
  roomForScopeMapping,
} from "../../components/existing";
import { type Contents, type FakeAuthentik, startFakeAuthentik } from "../support/fakeAuthentik";

let fake: FakeAuthentik;
beforeAll(async () => void (fake = await startFakeAuthentik()));
afterAll(() => fake.stop());
beforeEach(() => Object.assign(fake, { contents: {}, requests: [] }));

/** As this stack makes them. */
const provided = {
  name: "immich-oauth-provider",
  clientType: "confidential",
  clientId: "immich-oauth-client",
  clientSecret: "canary",
  authorizationFlow: "flow a",
  invalidationFlow: "flow i",
  propertyMappings: ["m1", "m2"],
  allowedRedirectUris: [
    { matching_mode: "strict", url: "https://a/cb", redirect_uri_type: "authorization" },
  ],
  signingKey: "key",
  accessTokenValidity: "hours=1",
};
const provider = {
  pk: 4,
  name: "immich-oauth-provider",
  client_type: "confidential",
  client_id: "immich-oauth-client",
  client_secret: "canary",
  authentication_flow: null,
  authorization_flow: "flow a",
  invalidation_flow: "flow i",
  property_mappings: ["m2", "m1"], // Authentik has an order of its own
  redirect_uris: [
    { matching_mode: "strict", url: "https://a/cb", redirect_uri_type: "authorization" },
  ],
  signing_key: "key",
  encryption_key: null,
  access_token_validity: "hours=1",
  logout_uri: "",
  jwt_federation_sources: [],
  assigned_application_slug: null,
};
const applied = { name: "Immich", slug: "immich", protocolProvider: 4, metaLaunchUrl: "https://a" };
const application = {
  pk: "app",
  slug: "immich",
  name: "Immich",
  provider: 4,
  provider_obj: { name: provider.name },
  meta_launch_url: "https://a",
  meta_icon: "",
  meta_description: "",
  meta_publisher: "",
  group: "",
};
const mapped = { name: "Immich: role", scopeName: "immich", expression: "return {}\n" };
const mapping = { pk: "m3", name: "Immich: role", scope_name: "immich", expression: "return {}" };

const kinds = {
  provider: { room: roomForProvider, list: "providers/oauth2/", own: provider, inputs: provided },
  application: {
    room: roomForApplication,
    list: "core/applications/",
    own: application,
    inputs: applied,
  },
  mapping: {
    room: roomForScopeMapping,
    list: "propertymappings/provider/scope/",
    own: mapping,
    inputs: mapped,
  },
};
type Kind = keyof typeof kinds;

const commands = {
  adopt: "npm run adopt -- --stack homelab",
  providerName: "npx pulumi config set providerName NAME",
};

/** Makes room; answers what was deleted and what was said. */
async function run(
  kind: Kind,
  there: object | undefined,
  { preview = false, generated = true, more = {} as Contents, inputs = {} } = {},
): Promise<{ removed: string[]; said: string[] }> {
  const { list, own, room } = kinds[kind];
  fake.contents = {
    ...more,
    [list]: [...(there ? [{ ...own, ...there }] : []), ...(more[list] ?? [])],
  };
  const said: string[] = [];
  await room(
    new AuthentikApi({ url: fake.url, token: "t" }),
    { ...kinds[kind].inputs, ...inputs },
    { preview, generated, commands, say: (text) => said.push(text) },
  );
  return { removed: fake.requests.filter((one) => one.startsWith("DELETE")), said };
}

test.each(Object.keys(kinds) as Kind[])("no %s is there, none is removed", async (kind) => {
  expect(await run(kind, undefined)).toEqual({ removed: [], said: [] });
});

test.each([
  ["provider", "DELETE providers/oauth2/4/"],
  ["application", "DELETE core/applications/immich/"],
  ["mapping", "DELETE propertymappings/provider/scope/m3/"],
] as [Kind, string][])(
  "the %s that a killed up left is removed, and the preview says so",
  async (kind, path) => {
    const said = [
      expect.stringMatching(/already, exactly as this stack makes it.* removed and made again/s),
    ];
    expect(await run(kind, {}, { preview: true })).toEqual({ removed: [], said });
    expect(await run(kind, {})).toEqual({ removed: [path], said });
  },
);

const inUse = { "providers/oauth2/": [{ pk: 9, name: "x", property_mappings: ["m3"] }] };
const bound = { "policies/bindings/": [{ pk: "b", target: "app", group: "g" }] };
const kept: [string, Kind, object, Parameters<typeof run>[2], string][] = [
  [
    "a provider with a secret that a person could have given it",
    "provider",
    {},
    { generated: false },
    "Authentik has a provider named immich-oauth-provider already, made by hand or by another stack.\n" +
      "  take it over:     npm run adopt -- --stack homelab\n" +
      "  or use another:   npx pulumi config set providerName NAME",
  ],
  ["a provider with another secret", "provider", { client_secret: "other" }, {}, "npm run adopt"],
  [
    "a provider whose secret the token's user may not see",
    "provider",
    { client_secret: "" },
    { inputs: { clientSecret: "" } },
    "npm run adopt",
  ],
  ["one in use", "provider", { assigned_application_slug: "immich" }, {}, "npm run adopt"],
  [
    "one with another redirect URI",
    "provider",
    { redirect_uris: [...provider.redirect_uris, { matching_mode: "regex", url: "https://b" }] },
    {},
    "npm run adopt",
  ],
  [
    "one with another validity",
    "provider",
    { access_token_validity: "hours=9" },
    {},
    "npm run adopt",
  ],
  ["one that encrypts", "provider", { encryption_key: "key" }, {}, "npm run adopt"],
  ["one with a logout URI", "provider", { logout_uri: "https://a/out" }, {}, "npm run adopt"],
  [
    "one of another name with the client ID",
    "provider",
    { name: "Provider for Immich" },
    {},
    'Authentik has the client ID immich-oauth-client already, in the provider "Provider for Immich"',
  ],
  [
    "an application, with a configured secret",
    "application",
    {},
    { generated: false },
    "npm run adopt",
  ],
  ["an application without a provider", "application", { provider: null }, {}, "npm run adopt"],
  ["an application of another provider", "application", { provider: 7 }, {}, "npm run adopt"],
  ["an application of another name", "application", { name: "Photos" }, {}, "npm run adopt"],
  ["an application with an icon", "application", { meta_icon: "x.png" }, {}, "npm run adopt"],
  ["an application with bindings", "application", {}, { more: bound }, "npm run adopt"],
  ["a scope mapping, with a configured secret", "mapping", {}, { generated: false }, "delete it"],
  ["a scope mapping that a provider uses", "mapping", {}, { more: inUse }, "delete it"],
  ["one that does something else", "mapping", { expression: "return None" }, {}, "delete it"],
  ["one that somebody described", "mapping", { description: "mine" }, {}, "delete it"],
];
test.each(kept)("%s is somebody's, and stays", async (_, kind, there, how, message) => {
  for (const preview of [true, false]) {
    const attempt = run(kind, there, { ...how, preview });
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.not.toThrow("canary");
    expect(fake.requests.filter((one) => one.startsWith("DELETE"))).toEqual([]);
  }
});

test("a change to a name, a client ID or a slug that somebody else has is refused", async () => {
  const api = new AuthentikApi({ url: fake.url, token: "t" });
  fake.contents = { "providers/oauth2/": [provider], "core/applications/": [application] };
  await refuseTakenProvider(api, "4", provided, commands);
  await expect(refuseTakenProvider(api, "5", provided, commands)).rejects.toThrow(/provider named/);
  await expect(
    refuseTakenProvider(api, "5", { ...provided, name: "other" }, commands),
  ).rejects.toThrow(/client ID immich-oauth-client already/);
  await expect(refuseTakenSlug(api, "immich", commands)).rejects.toThrow(/slug immich already/);
  await refuseTakenSlug(api, "photos", commands);
});

test("of two equal bindings the one that was made stays; others are somebody's", async () => {
  const inputs = { target: "app", group: "g", order: 0 };
  const nothing = { policy: null, user: null };
  const effect = { negate: false, enabled: true, timeout: 30, failure_result: false };
  const binding = { ...inputs, ...nothing, ...effect };
  fake.contents = {
    "policies/bindings/": [
      { pk: "left", ...binding },
      { pk: "made", ...binding },
      { pk: "theirs", ...binding, negate: true },
      { pk: "other", ...binding, target: "other" },
    ],
  };
  await removeDoubles(new AuthentikApi({ url: fake.url, token: "t" }), "made", inputs);
  expect(fake.requests.filter((one) => one.startsWith("DELETE"))).toEqual([
    "DELETE policies/bindings/left/",
  ]);
});

/** What is asked of Authentik before anything is made, and what is said of the answers. */
import { AuthentikApi } from "../../authentik/api";
import { askFirst } from "../../authentik/before";
import { differences, PROVIDER, UNKNOWN } from "../../authentik/differences";
import { BUILT_IN, type FakeAuthentik, startFakeAuthentik } from "../support/fakeAuthentik";

let fake: FakeAuthentik;
beforeEach(async () => void (fake = await startFakeAuthentik()));
afterEach(() => fake.stop());

const wanted = {
  authorizationFlow: "default-provider-authorization-explicit-consent",
  invalidationFlow: "default-provider-invalidation-flow",
  signingKey: "authentik Self-signed Certificate",
  scopes: ["profile", "openid", "email"],
  groups: {},
  slug: "app",
  scopeMappings: false,
};
const api = () => new AuthentikApi({ url: fake.url, token: "token-canary" });
const ask = (more: Partial<Parameters<typeof askFirst>[1]> = {}) =>
  askFirst(api(), { ...wanted, ...more }, { "accessGroups[N]": "set 'accessGroups[N]'" });

test("everything is found, and scopes come in the order in which Authentik answers them", async () => {
  expect(await ask()).toMatchObject({
    authorizationFlow: "flow default-provider-authorization-explicit-consent",
    invalidationFlow: "flow default-provider-invalidation-flow",
    signingKey: "certificate authentik Self-signed Certificate",
    scopeMappings: ["mapping openid", "mapping email", "mapping profile"],
    warning: undefined,
  });
});

test("what was asked is not asked again", async () => {
  const same = api();
  await askFirst(same, wanted);
  const asked = fake.requests.length;
  await askFirst(same, wanted);
  expect(fake.requests).toHaveLength(asked);
  expect(asked).toBe(5);
});

test("a scope mapping of one's own, as long as there is one alone", async () => {
  const mappings = "propertymappings/provider/scope/";
  const own = { pk: "own", name: "Mine", scope_name: "groups", managed: null };
  fake.contents = { ...BUILT_IN, [mappings]: [...(BUILT_IN[mappings] ?? []), own] };
  const scopes = ["groups", "openid"];
  expect((await ask({ scopes })).scopeMappings).toEqual(["mapping openid", "own"]);
  fake.contents[mappings]?.push({ ...own, pk: "other", name: "Theirs" });
  await expect(ask({ scopes })).rejects.toThrow(
    "scopes: Authentik has 2 scope mappings for the scope groups, none of them its own",
  );
});

test("a group that is missing is named by its place, with what there is and the command", async () => {
  fake.contents = { ...BUILT_IN, "core/groups/": [{ pk: "g", name: "family" }] };
  await expect(
    ask({ groups: { "accessGroups[0]": "family", "accessGroups[1]": "freinds" } }),
  ).rejects.toThrow(
    '  accessGroups[1]: Authentik has no group named "freinds"\n' +
      "    there are:    family\n" +
      "    set another:  set 'accessGroups[1]'",
  );
});

describe("a user who is no administrator", () => {
  beforeEach(() => (fake.user = { username: "carol", is_superuser: false }));

  test("with all rights may go on, and nothing but empty requests were sent", async () => {
    await ask({ groups: {}, scopeMappings: true });
    expect(fake.requests.filter((one) => !one.startsWith("GET"))).toEqual([
      "POST providers/oauth2/",
      "POST core/applications/",
      "POST propertymappings/provider/scope/",
    ]);
  });

  test("is told each right that is missing, before anything is looked up", async () => {
    fake.denied = [
      "POST core/applications/",
      "GET core/applications/app/",
      "GET flows/instances/",
      "POST policies/bindings/", // of no concern without groups
    ];
    const attempt = ask({ signingKey: "nowhere" });
    await expect(attempt).rejects.toThrow(
      [
        `The API token's user at Authentik (${fake.url}), carol, lacks rights that are needed. Nothing was touched.`,
        "",
        "  missing: authentik_core.view_application",
        "  missing: authentik_core.add_application",
        "  missing: authentik_core.change_application",
        "  missing: authentik_core.delete_application",
        "  missing: authentik_flows.view_flow",
        "",
      ].join("\n"),
    );
    await expect(attempt).rejects.not.toThrow(/nowhere|token-canary/);
  });
});

describe("Authentik's version", () => {
  test.each(["2026.5.0-rc1", "2026.5.3", "2026.8.5", "2027.2.0"])("%s is fine", async (version) => {
    fake.version = version;
    expect((await ask()).warning).toBeUndefined();
  });

  test.each(["2025.8.1", "2025.12.4", "2026.2.0"])(
    "%s is too old, which is said",
    async (version) => {
      fake.version = version;
      expect((await ask()).warning).toContain(
        `is ${version}; this program's Authentik provider is made for 2026.5`,
      );
    },
  );

  test.each([undefined, "next"])("%s is unknown, which is said", async (version) => {
    fake.version = version;
    expect((await ask()).warning).toContain("does not say which version it is");
  });
});

test("a wrong token is one message", async () => {
  fake.denied = ["GET core/users/me/"];
  await expect(ask()).rejects.toThrow("does not accept the API token (HTTP 403)");
});

test("differences: names for UUIDs, no secret, no order of lists, nothing that is not known yet", () => {
  const there = {
    name: "a",
    client_secret: "secret-canary",
    signing_key: "k1",
    property_mappings: ["m2", "m1"],
    redirect_uris: [{ matching_mode: "regex", url: "https://a/.*" }],
    issuer_mode: "global",
    encryption_key: null,
  };
  const inputs = {
    name: "b",
    clientSecret: "other-canary",
    signingKey: "k2",
    propertyMappings: ["m1", "m2"],
    allowedRedirectUris: [{ matching_mode: "strict", url: "https://a/b" }],
    issuerMode: UNKNOWN,
  };
  expect(differences(PROVIDER, there, inputs, { k1: "Old key", k2: "New key" })).toEqual([
    'name: "a" => "b"',
    "clientSecret: another one",
    "allowedRedirectUris: - https://a/.* (regex), + https://a/b",
    "signingKey: Old key => New key",
  ]);
});

/** What `npm run adopt` makes of what it finds, and what it tells `pulumi import`. */
import { decide, type Situation } from "../../commands/adoption";
import { importFile, inState } from "../../commands/importFile";

const provider = {
  id: 4,
  name: "immich-oauth-provider",
  clientId: "immich-oauth-client",
  clientSecret: "canary",
  application: "immich",
};
const application = {
  slug: "immich",
  name: "Immich",
  provider: { id: 4, name: "immich-oauth-provider" },
  adorned: false,
};
const wanted = {
  authentikUrl: "https://auth.example.test",
  providerName: "immich-oauth-provider",
  clientId: "immich-oauth-client",
  slug: "immich",
  stack: "homelab",
};

const take: [string, Partial<Situation>, object][] = [
  ["both", { provider, application }, { provider, application }],
  [
    "the provider alone",
    { provider: { ...provider, application: undefined } },
    { provider: { ...provider, application: undefined } },
  ],
  [
    "an application without a provider",
    { application: { ...application, provider: undefined } },
    { application: { ...application, provider: undefined } },
  ],
  [
    "the application, as the provider is ours",
    { provider, application, ownProvider: "4" },
    { application },
  ],
  [
    "the provider, as the application is ours",
    { provider, application, ownApplication: "immich" },
    { provider },
  ],
  [
    "the application of our provider, renamed by somebody",
    { application: { ...application, provider: { id: 4, name: "x" } }, ownProvider: "4" },
    { application: { ...application, provider: { id: 4, name: "x" } } },
  ],
];
test.each(take)("takes %s", (_, found, expected) => {
  expect(decide({ ...wanted, ...found })).toEqual({ kind: "take", ...expected });
});

const nothing: [string, Partial<Situation>, string][] = [
  ["nothing is there", {}, "has no provider named immich-oauth-provider and no application"],
  [
    "all is in the stack",
    { provider, application, ownProvider: "4", ownApplication: "immich" },
    "is in the stack homelab already",
  ],
];
test.each(nothing)("does nothing when %s", (_, found, message) => {
  expect(decide({ ...wanted, ...found })).toEqual({
    kind: "nothing",
    message: expect.stringContaining(message),
  });
});

const refused: [string, Partial<Situation>, string[]][] = [
  [
    "the application belongs to another provider",
    {
      provider: { ...provider, application: undefined },
      application: { ...application, provider: { id: 7, name: "Old one" } },
    },
    [
      'The application immich belongs to the provider "Old one" (number 7), not to immich-oauth-provider.',
      'npx pulumi config set --stack homelab providerName "Old one", then npm run adopt -- --stack homelab',
    ],
  ],
  [
    "the provider belongs to another application",
    { provider: { ...provider, application: "photos" } },
    [
      "The provider immich-oauth-provider belongs to the application photos, not to immich.",
      "npx pulumi config set --stack homelab applicationSlug photos",
    ],
  ],
  [
    "the client ID is another provider's",
    { provider: { ...provider, name: "Provider for Immich" } },
    [
      'no provider named immich-oauth-provider, but the client ID immich-oauth-client in the provider "Provider for Immich"',
      'providerName "Provider for Immich"',
    ],
  ],
  [
    "the stack's provider was made anew",
    { provider, ownProvider: "3" },
    ["as number 3; in Authentik it is number 4 now", "npx pulumi refresh --stack homelab"],
  ],
  [
    "the stack has another application",
    { provider, application, ownProvider: "4", ownApplication: "photos" },
    ["has the application photos, and is to have immich, which is there already"],
  ],
];
test.each(refused)("refuses when %s", (_, found, messages) => {
  const decision = decide({ ...wanted, ...found });
  expect(decision.kind).toBe("refusal");
  for (const message of messages)
    expect(decision).toHaveProperty("message", expect.stringContaining(message));
  expect(JSON.stringify(decision)).not.toContain("canary");
});

const urn = (type: string, name: string) => `urn:pulumi:s::immich-authentik-sso::${type}::${name}`;

test("an import into an empty stack brings its parents", () => {
  expect(importFile({ provider: "4", application: "immich" }, [])).toMatchObject({
    nameTable: {},
    resources: [
      { type: "immich-sso:index:ImmichSso", name: "sso", logicalName: "immich", component: true },
      { logicalName: "immich", component: true, parent: "sso" },
      { name: "immich-provider", id: "4", parent: "oidc", version: "2026.5.0" },
      { name: "immich-application", id: "immich", parent: "oidc" },
    ],
  });
});

test("parents that are there are named, what is deleted is not", () => {
  const type = "immich-sso:index:ImmichSso$immich-sso:index:OidcApplication";
  const state = [
    { type: "immich-sso:index:ImmichSso", urn: urn("immich-sso:index:ImmichSso", "immich") },
    { type: "immich-sso:index:OidcApplication", urn: urn(type, "immich") },
    {
      type: "authentik:index/application:Application",
      urn: urn("x", "immich-application"),
      id: "old",
      delete: true,
    },
  ];
  expect(inState(state)).toEqual({ provider: undefined, application: undefined });
  expect(importFile({ provider: "4" }, state)).toMatchObject({
    nameTable: { sso: state[0]?.urn, oidc: state[1]?.urn },
    resources: [{ name: "immich-provider", parent: "oidc" }],
  });
});

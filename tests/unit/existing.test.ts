/** What is there already in Authentik before something is made: ours and removed, or somebody's and kept. */
import * as pulumi from "@pulumi/pulumi";

import type {
  AuthentikApi,
  ExistingApplication,
  ExistingProvider,
  ExistingScopeMapping,
} from "../../authentik";
import {
  roomForApplication,
  roomForProvider,
  roomForScopeMapping,
} from "../../components/existing";

beforeAll(() =>
  pulumi.runtime.setMocks(
    { newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) },
    "immich-authentik-sso",
    "homelab",
  ),
);

interface There {
  readonly provider?: Partial<ExistingProvider>;
  readonly application?: Partial<ExistingApplication>;
  readonly mapping?: Partial<ExistingScopeMapping>;
  /** Whether the provider has another name, and is found by its client ID alone. */
  readonly byClient?: boolean;
}

const provider = {
  id: 4,
  name: "immich-oauth-provider",
  clientId: "immich-oauth-client",
  clientSecret: "canary",
};
const application = {
  slug: "immich",
  name: "Immich",
  provider: { id: 4, name: provider.name },
  adorned: false,
};

const mapping = { id: "uuid", scopeName: "immich", expression: "return {}\n", inUse: false };

const rooms = {
  provider: roomForProvider,
  application: roomForApplication,
  mapping: roomForScopeMapping,
};
type Kind = keyof typeof rooms;

/** Makes room for a `kind`; answers the paths that were deleted in Authentik. */
async function run(
  kind: Kind,
  there: There,
  inputs: Record<string, unknown>,
  preview = false,
): Promise<string[]> {
  const removed: string[] = [];
  const authentik = {
    provider: async () =>
      there.provider && !there.byClient ? { ...provider, ...there.provider } : undefined,
    providerOfClient: async () => there.provider && { ...provider, ...there.provider },
    application: async () => there.application && { ...application, ...there.application },
    scopeMapping: async () => there.mapping && { ...mapping, ...there.mapping },
    remove: async (path: string) => void removed.push(path),
  } as unknown as AuthentikApi;
  await rooms[kind](authentik, inputs, preview);
  return removed;
}

const provided = {
  name: "immich-oauth-provider",
  clientId: "immich-oauth-client",
  clientSecret: "canary",
};
const applied = { name: "Immich", slug: "immich", protocolProvider: 4 };

test("nothing is there, nothing is removed", async () => {
  expect(await run("provider", {}, provided)).toEqual([]);
  expect(await run("application", {}, applied)).toEqual([]);
});

test("what a killed up left is removed, and in a preview left", async () => {
  expect(await run("provider", { provider: {} }, provided)).toEqual(["providers/oauth2/4/"]);
  expect(await run("provider", { provider: {} }, provided, true)).toEqual([]);
  expect(await run("application", { application: {} }, applied)).toEqual([
    "core/applications/immich/",
  ]);
  expect(await run("application", { application: {} }, applied, true)).toEqual([]);
});

const mapped = { name: "Immich: role", scopeName: "immich", expression: "return {}" };

test("a scope mapping that a killed up left is removed", async () => {
  expect(await run("mapping", {}, mapped)).toEqual([]);
  expect(await run("mapping", { mapping: {} }, mapped)).toEqual([
    "propertymappings/provider/scope/uuid/",
  ]);
  expect(await run("mapping", { mapping: {} }, mapped, true)).toEqual([]);
});

const kept: [string, Kind, There, Record<string, unknown>, string][] = [
  [
    "a provider with another secret",
    "provider",
    { provider: { clientSecret: "other" } },
    provided,
    "Authentik has a provider named immich-oauth-provider already",
  ],
  [
    "a provider with the secret that is configured, in use",
    "provider",
    { provider: { application: "immich" } },
    provided,
    "npm run adopt -- --stack homelab",
  ],
  [
    "a provider whose secret the token's user may not see",
    "provider",
    { provider: { clientSecret: "" } },
    { ...provided, clientSecret: "" },
    "Authentik has a provider named",
  ],
  [
    "a provider of another name with the client ID",
    "provider",
    { provider: { name: "Provider for Immich" }, byClient: true },
    provided,
    'npx pulumi config set providerName "Provider for Immich"',
  ],
  [
    "an application without a provider",
    "application",
    { application: { provider: undefined } },
    { ...applied, protocolProvider: undefined },
    "Authentik has an application with the slug immich already",
  ],
  [
    "an application of another provider",
    "application",
    { application: { provider: { id: 7, name: "x" } } },
    applied,
    "npm run adopt -- --stack homelab",
  ],
  [
    "an application with another name",
    "application",
    { application: { name: "Photos" } },
    applied,
    "npm run adopt",
  ],
  [
    "an application with an icon or bindings",
    "application",
    { application: { adorned: true } },
    applied,
    "npm run adopt",
  ],
  [
    "a scope mapping that a provider uses",
    "mapping",
    { mapping: { inUse: true } },
    mapped,
    'Authentik has a scope mapping named "Immich: role" already',
  ],
  [
    "a scope mapping that does something else",
    "mapping",
    { mapping: { expression: "return None" } },
    mapped,
    "npx pulumi config set applicationName NAME",
  ],
];
test.each(kept)("%s is somebody's, and stays", async (_, kind, there, inputs, message) => {
  for (const preview of [true, false]) {
    const attempt = run(kind, there, inputs, preview);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.not.toThrow("canary");
  }
});

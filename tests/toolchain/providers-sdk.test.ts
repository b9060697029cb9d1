// The local SDK has the names of the one that Pulumi generates, so that either can stand in its place.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as authentik from "@pulumi/authentik";

interface Registered {
  type: string;
  inputs: Record<string, unknown>;
}

const registered: Registered[] = [];
const called: { token: string; inputs: Record<string, unknown> }[] = [];

beforeAll(() =>
  pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, inputs: inputs as Record<string, unknown> });
      return { id: `${name}-id`, state: inputs as Record<string, unknown> };
    },
    call: ({ token, inputs }) => {
      called.push({ token, inputs: inputs as Record<string, unknown> });
      return { id: "found", ...(inputs as Record<string, unknown>) };
    },
  }),
);
beforeEach(() => {
  registered.length = 0;
  called.length = 0;
});

/** Copied from the schema of goauthentik/authentik 2026.5.0: every argument; those with ! must be there. */
const resources = {
  Application:
    "applicationId backchannelProviders group metaDescription metaHide metaIcon metaLaunchUrl metaPublisher name openInNewTab policyEngineMode protocolProvider slug! uuid",
  Group: "attributes groupId isSuperuser name parents roles users",
  PolicyBinding:
    "enabled failureResult group negate order! policy policyBindingId target! timeout user",
  PropertyMappingProviderScope:
    "description expression! name propertyMappingProviderScopeId scopeName!",
  ProviderOauth2:
    "accessCodeValidity accessTokenValidity allowedRedirectUris authenticationFlow authorizationFlow! clientId! clientSecret clientType encryptionKey grantTypes includeClaimsInIdToken invalidationFlow! issuerMode jwksSources jwtFederationProviders jwtFederationSources logoutMethod logoutUri name propertyMappings providerOauth2Id refreshTokenThreshold refreshTokenValidity signingKey subMode",
} as const;

const functions = {
  getCertificateKeyPair: "fetchCertificate fetchKey keyData name!",
  getFlow: "authentication designation id slug",
  getGroup: "id includeUsers name pk",
  getPropertyMappingProviderScope: "id ids managed managedLists name scopeName",
} as const;

type Args = Record<string, unknown>;
type Class = new (
  name: string,
  args: Args,
  opts?: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

function args(names: string): { all: string[]; required: string[] } {
  const words = names.split(" ");
  const plain = (word: string): string => word.replace("!", "");
  return { all: words.map(plain), required: words.filter((word) => word.endsWith("!")).map(plain) };
}

function value<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}

describe.each(Object.entries(resources))("%s", (name, names) => {
  const type = `authentik:index/${name[0]?.toLowerCase()}${name.slice(1)}:${name}`;
  const made = authentik[name as keyof typeof resources] as unknown as Class & {
    __pulumiType: string;
    isInstance(value: unknown): boolean;
    get(name: string, id: string): pulumi.CustomResource;
  };
  const { all, required } = args(names);

  test("passes exactly the arguments of the generated class, under its type", async () => {
    const given = Object.fromEntries([...all, "unknown"].map((key) => [key, key]));
    const resource = new made("one", given);
    await value(resource.urn);
    await value(resource.id);
    expect(registered).toEqual([{ type, inputs: expect.anything() as Args }]);
    expect(Object.keys(registered[0]?.inputs ?? {}).sort()).toEqual(all);
    expect(made.__pulumiType).toBe(type);
    expect(made.isInstance(resource)).toBe(true);
    expect(made.isInstance({})).toBe(false);
    expect(made.name).toBe(name);
  });

  test("asks for what must be there in the words of the generated class", () => {
    const given = Object.fromEntries(required.map((key) => [key, key]));
    for (const key of required) {
      const without = { ...given, [key]: undefined };
      expect(() => new made("two", without)).toThrow(`Missing required property '${key}'`);
    }
  });
});

describe.each(Object.entries(functions))("%s", (name, names) => {
  const token = `authentik:index/${name}:${name}`;
  const { all } = args(names);
  const given = Object.fromEntries(all.map((key) => [key, key]));
  const members = authentik as unknown as Record<string, (args: Args) => unknown>;

  test("passes exactly the arguments of the generated function, in both forms", async () => {
    const plain = (await members[name]?.({ ...given, unknown: "x" })) as Args;
    const output = await value(
      members[`${name}Output`]?.({ ...given, unknown: "x" }) as pulumi.Output<Args>,
    );
    expect(called).toEqual([
      { token, inputs: given },
      { token, inputs: given },
    ]);
    expect(plain["id"]).toBeDefined();
    expect(output["id"]).toBeDefined();
  });
});

test("secrets are secrets: the client secret, the provider's token", async () => {
  const secretOf = (output: pulumi.Output<unknown>) => pulumi.isSecret(output);
  const provider = new authentik.Provider("p", { url: "https://a", token: "t" });
  const client = new authentik.ProviderOauth2("c", {
    clientId: "c",
    clientSecret: "s",
    authorizationFlow: "a",
    invalidationFlow: "i",
  });
  expect(await secretOf(provider.token)).toBe(true);
  expect(await secretOf(client.clientSecret)).toBe(true);
  expect(await secretOf(client.clientId)).toBe(false);
  expect(authentik.Provider.isInstance(provider)).toBe(true);
  expect(() => new authentik.Provider("q", { url: "https://a" } as authentik.ProviderArgs)).toThrow(
    "Missing required property 'token'",
  );
});

test("the package says which plugin makes it what it is", () => {
  const file = path.resolve(__dirname, "../../sdks/authentik/package.json");
  const {
    name,
    version,
    pulumi: plugin,
  } = JSON.parse(fs.readFileSync(file, "utf8")) as {
    name: string;
    version: string;
    pulumi: { parameterization: { value: string } } & Record<string, unknown>;
  };
  expect([name, version]).toEqual(["@pulumi/authentik", "2026.5.0"]);
  expect(plugin).toMatchObject({
    resource: true,
    name: "terraform-provider",
    version: "1.1.3",
    parameterization: { name: "authentik", version: "2026.5.0" },
  });
  expect(JSON.parse(Buffer.from(plugin.parameterization.value, "base64").toString())).toEqual({
    remote: { url: "registry.opentofu.org/goauthentik/authentik", version: "2026.5.0" },
  });
});

test("nothing is loaded before it is used", () => {
  const program =
    'require("@pulumi/pulumi"); const before = Object.keys(require.cache).length; ' +
    'require("@pulumi/authentik"); console.log(Object.keys(require.cache).length - before)';
  const ran = spawnSync(process.execPath, ["-e", program], {
    cwd: path.resolve(__dirname, "../.."),
  });
  expect(ran.stdout.toString().trim()).toBe("1");
});

// The stand-in for the plugin `terraform-provider` as goauthentik/authentik, over gRPC, against the
// sandbox's Authentik. The requests expected here are those of the official provider, as recorded.

import { startAuthentik, type Authentik } from "./authentik";
import { Plugin, messageOf, secret, UNKNOWN, type Json, type Props } from "./plugin";

const oauth2 = "authentik:index/providerOauth2:ProviderOauth2";
const application = "authentik:index/application:Application";
const binding = "authentik:index/policyBinding:PolicyBinding";
const group = "authentik:index/group:Group";
const scope = "authentik:index/propertyMappingProviderScope:PropertyMappingProviderScope";
const parameter = JSON.stringify({
  remote: { url: "registry.opentofu.org/goauthentik/authentik", version: "2026.5.0" },
});

const plugin = new Plugin("authentik");
let authentik: Authentik;
let flows: { authorization: string; invalidation: string; key: string; mappings: string[] };

const lookup = (name: string, args: Props): Promise<Props> =>
  plugin.invoke(`authentik:index/${name}:${name}`, args);

beforeAll(async () => {
  authentik = await startAuthentik();
  await plugin.start();
  await plugin.handshake();
  expect(await plugin.parameterize("authentik", "2026.5.0", parameter)).toBe("authentik 2026.5.0");
  await plugin.configure("authentik", { url: authentik.url, token: authentik.token });
  const slug = (name: string) => lookup("getFlow", { slug: name }).then(({ id }) => id as string);
  const mapping = (scope: string) =>
    lookup("getPropertyMappingProviderScope", {
      managed: `goauthentik.io/providers/oauth2/scope-${scope}`,
    }).then(({ id }) => id as string);
  flows = {
    authorization: await slug("default-provider-authorization-explicit-consent"),
    invalidation: await slug("default-provider-invalidation-flow"),
    key: (
      await lookup("getCertificateKeyPair", {
        name: "authentik Self-signed Certificate",
        fetchKey: false,
      })
    )["id"] as string,
    // In the order in which Authentik answers them.
    mappings: await Promise.all(["openid", "email", "profile"].map(mapping)),
  };
}, 60_000);
afterAll(async () => {
  await Promise.all([plugin.stop(), authentik?.stop()]);
});
beforeEach(() => authentik.requests.splice(0));

function asked(): string[] {
  return authentik.requests.map(({ method, path }) => `${method} ${path.replace("/api/v3/", "")}`);
}

interface Made {
  type: string;
  id: string;
  inputs: Props;
  state: Props;
}

async function make(type: string, inputs: Props): Promise<Made> {
  const checked = await plugin.check(type, inputs);
  expect(checked.failures).toEqual([]);
  return { type, inputs: checked.inputs, ...(await plugin.create(type, checked.inputs)) };
}

const drop = (made: Made): Promise<void> => plugin.delete(made.type, made.id, made);

function client(change: Props = {}): Props {
  return {
    name: "client",
    clientId: "client-id",
    clientSecret: "client-secret",
    authorizationFlow: flows.authorization,
    invalidationFlow: flows.invalidation,
    signingKey: flows.key,
    propertyMappings: flows.mappings,
    allowedRedirectUris: [uri("https://app.example/login")],
    ...change,
  };
}

function uri(url: string): Json {
  return { matching_mode: "strict", url, redirect_uri_type: "authorization" };
}

describe("functions", () => {
  test("a flow is found by its slug with one request", async () => {
    const found = await lookup("getFlow", { slug: "default-provider-invalidation-flow" });
    expect(found).toMatchObject({
      slug: "default-provider-invalidation-flow",
      designation: "invalidation",
      id: flows.invalidation,
    });
    expect(Object.keys(found).sort()).toEqual([
      "authentication",
      "designation",
      "id",
      "name",
      "slug",
      "title",
    ]);
    expect(asked()).toEqual(["GET flows/instances/?slug=default-provider-invalidation-flow"]);
    expect(authentik.requests[0]?.token).toBe("Bearer test-token");
  });

  test("a flow that is not there is named", async () => {
    expect(await messageOf(lookup("getFlow", { slug: "nowhere" }))).toBe(
      "No matching flows found: ",
    );
  });

  test("a certificate is found without its private key", async () => {
    const name = "authentik Self-signed Certificate";
    const found = await lookup("getCertificateKeyPair", { name, fetchKey: false });
    expect(found).toMatchObject({ name, id: flows.key, fetchKey: false });
    expect(found["certificateData"]).toContain("BEGIN CERTIFICATE");
    expect(asked().some((request) => request.includes("view_private_key"))).toBe(false);
    expect(asked()[0]).toBe(
      "GET crypto/certificatekeypairs/?name=authentik+Self-signed+Certificate",
    );
  });

  test("scope mappings are found by their managed names, in one request", async () => {
    const managedLists = [
      "goauthentik.io/providers/oauth2/scope-openid",
      "goauthentik.io/providers/oauth2/scope-email",
    ];
    const found = await lookup("getPropertyMappingProviderScope", { managedLists });
    expect(found).toMatchObject({ id: "-1", managedLists });
    expect(found["ids"]).toHaveLength(2);
    expect(asked()).toEqual([
      "GET propertymappings/provider/scope/?managed=goauthentik.io%2Fproviders%2Foauth2%2Fscope-openid&managed=goauthentik.io%2Fproviders%2Foauth2%2Fscope-email",
    ]);
    const one = await lookup("getPropertyMappingProviderScope", {
      managed: managedLists[1] as string,
    });
    expect(one).toMatchObject({ scopeName: "email" });
    expect(found["ids"] as string[]).toContain(one["id"]);
  });

  test("a group is found by name", async () => {
    const family = await lookup("getGroup", { name: "family" });
    expect(family).toMatchObject({ name: "family", isSuperuser: false, includeUsers: true });
    expect(await messageOf(lookup("getGroup", { name: "strangers" }))).toContain(
      "No matching groups found",
    );
  });
});

describe("ProviderOauth2", () => {
  test("is made with one POST and read back, with the defaults of the official provider", async () => {
    const made = await make(oauth2, client());
    expect(asked()).toEqual(["POST providers/oauth2/", `GET providers/oauth2/${made.id}/`]);
    expect(JSON.parse(authentik.requests[0]?.body ?? "")).toEqual({
      name: "client",
      authentication_flow: null,
      authorization_flow: flows.authorization,
      invalidation_flow: flows.invalidation,
      property_mappings: flows.mappings,
      client_type: "confidential",
      client_id: "client-id",
      client_secret: "client-secret",
      access_code_validity: "minutes=1",
      access_token_validity: "minutes=10",
      refresh_token_validity: "days=30",
      refresh_token_threshold: "seconds=0",
      include_claims_in_id_token: true,
      signing_key: flows.key,
      encryption_key: null,
      redirect_uris: [uri("https://app.example/login")],
      logout_method: "backchannel",
      sub_mode: "hashed_user_id",
      issuer_mode: "per_provider",
      jwt_federation_sources: [],
      jwt_federation_providers: [],
    });
    expect(made.id).toMatch(/^\d+$/);
    expect(made.inputs).toEqual({
      ...client(),
      clientSecret: secret("client-secret"),
    });
    expect(made.state).toMatchObject({
      providerOauth2Id: made.id,
      clientSecret: secret("client-secret"),
      clientType: "confidential",
      subMode: "hashed_user_id",
      allowedRedirectUris: [uri("https://app.example/login")],
      propertyMappings: flows.mappings,
    });
    expect(await plugin.diff(oauth2, made.id, made, made.inputs)).toMatchObject({
      changes: "none",
    });
    await drop(made);
  });

  test("a changed property is one PUT, and shows by its name alone", async () => {
    const made = await make(oauth2, client());
    const wanted = {
      ...made.inputs,
      allowedRedirectUris: [uri("https://app.example/login"), uri("https://app.example/two")],
      subMode: "user_id",
    };
    expect(await plugin.diff(oauth2, made.id, made, wanted)).toEqual({
      changes: "some",
      names: ["allowedRedirectUris", "subMode"],
      detail: {},
      replaces: [],
      deleteFirst: false,
    });
    authentik.requests.splice(0);
    const state = await plugin.update(oauth2, made.id, made, wanted);
    expect(asked()).toEqual([
      `PUT providers/oauth2/${made.id}/`,
      `GET providers/oauth2/${made.id}/`,
    ]);
    expect(state).toMatchObject({ subMode: "user_id", clientSecret: secret("client-secret") });
    const now = { inputs: wanted, state };
    expect(await plugin.diff(oauth2, made.id, now, made.inputs)).toMatchObject({
      names: ["allowedRedirectUris", "subMode"],
    });
    await drop(made);
  });

  test("a secret that is left out is Authentik's, and stays", async () => {
    const inputs = client();
    delete inputs["clientSecret"];
    const preview = await plugin.create(oauth2, inputs, true);
    expect(preview.state).toMatchObject({
      clientSecret: UNKNOWN,
      providerOauth2Id: UNKNOWN,
      subMode: "hashed_user_id",
    });
    const made = await make(oauth2, inputs);
    expect((made.state["clientSecret"] as Record<string, string>)["value"]).toHaveLength(128);
    expect(await plugin.diff(oauth2, made.id, made, made.inputs)).toMatchObject({
      changes: "none",
    });
    await drop(made);
  });

  test("a refresh sees what somebody changed in Authentik", async () => {
    const made = await make(oauth2, client());
    const lists = { jwtFederationProviders: [], jwtFederationSources: [] };
    expect(await plugin.read(oauth2, made.id, made)).toEqual({
      id: made.id,
      inputs: made.inputs,
      state: { ...made.state, ...lists }, // what nobody set shows once it was read
    });
    await plugin.update(oauth2, made.id, made, { ...made.inputs, clientId: "drifted" });
    const read = await plugin.read(oauth2, made.id, made);
    expect(read.inputs["clientId"]).toBe("drifted");
    expect(
      await plugin.diff(oauth2, made.id, { inputs: made.inputs, state: read.state }, made.inputs),
    ).toMatchObject({
      names: ["clientId"],
    });
    expect(
      await plugin.diff(oauth2, made.id, { inputs: made.inputs, state: read.state }, made.inputs, [
        "clientId",
      ]),
    ).toMatchObject({
      changes: "none",
    });
    const added = {
      ...client(),
      allowedRedirectUris: [uri("https://app.example/login"), uri("https://b.example")],
    };
    await plugin.update(oauth2, made.id, made, { ...added, accessTokenValidity: "hours=9" });
    const grown = await plugin.read(oauth2, made.id, made);
    expect(grown.state).toMatchObject({
      allowedRedirectUris: added.allowedRedirectUris,
      accessTokenValidity: "hours=9",
    });
    // What was added, or set where the program sets nothing, is no input: the difference has no other name.
    expect(grown.inputs).toEqual(made.inputs);
    expect(
      await plugin.diff(oauth2, made.id, { inputs: grown.inputs, state: grown.state }, made.inputs),
    ).toMatchObject({ names: ["accessTokenValidity", "allowedRedirectUris"], detail: {} });
    await drop(made);
    expect((await plugin.read(oauth2, made.id, made)).id).toBe("");
    await drop(made);
  });

  test("an import takes the number as its id, and fits the program that made the same", async () => {
    const made = await make(oauth2, client());
    const read = await plugin.read(oauth2, made.id);
    expect(read.id).toBe(made.id);
    expect(read.state).toMatchObject(made.state);
    expect(read.inputs).toMatchObject({
      name: "client",
      clientId: "client-id",
      clientSecret: secret("client-secret"),
      subMode: "hashed_user_id",
      providerOauth2Id: made.id,
    });
    const { failures } = await plugin.check(oauth2, read.inputs);
    expect(failures).toEqual([
      "Invalid or unknown key. Examine values at 'thing.providerOauth2Id'.",
    ]);
    expect(
      await plugin.diff(oauth2, made.id, { inputs: read.inputs, state: read.state }, made.inputs),
    ).toMatchObject({ changes: "none" });
    await drop(made);
  });

  test("what Authentik refuses is said in the words of the official provider", async () => {
    const made = await make(oauth2, client());
    expect(await messageOf(make(oauth2, client({ clientId: "other" })))).toBe(
      `HTTP Error '400 Bad Request' during request 'POST /api/v3/providers/oauth2/': "{"name":["provider with this name already exists."]}": `,
    );
    await drop(made);
    expect(await messageOf(make(oauth2, client({ signingKey: "nonsense" })))).toContain(
      "HTTP Error '400 Bad Request'",
    );
  });

  test("values that no Authentik takes are refused before it is asked", async () => {
    const { failures } = await plugin.check(
      oauth2,
      client({ subMode: "user", accessCodeValidity: "soon", clientId: null }),
    );
    expect(failures).toEqual([
      expect.stringContaining('The argument "client_id" is required'),
      expect.stringContaining("soon has incorrect amount of elements"),
      expect.stringContaining("expected sub_mode to be one of"),
    ]);
    expect(asked()).toEqual([]);
  });
});

describe("the other resources", () => {
  test("an application with its provider, and a group that may use it", async () => {
    const provider = await make(oauth2, client());
    const app = await make(application, {
      name: "App",
      slug: "app",
      protocolProvider: Number(provider.id),
      metaLaunchUrl: "https://app.example/",
    });
    expect(app.id).toBe("app");
    expect(app.state).toMatchObject({
      applicationId: "app",
      slug: "app",
      policyEngineMode: "any",
      protocolProvider: Number(provider.id),
    });
    const friends = await make(group, { name: "friends", attributes: '{ "a": 1 }' });
    expect(friends.state).toMatchObject({
      groupId: friends.id,
      attributes: '{"a":1}',
      isSuperuser: false,
    });
    expect(await plugin.diff(group, friends.id, friends, friends.inputs)).toMatchObject({
      changes: "none",
    });
    const uuid = app.state["uuid"] as string;
    const bound = await make(binding, { target: uuid, group: friends.id, order: 0 });
    expect(bound.state).toMatchObject({
      target: uuid,
      group: friends.id,
      order: 0,
      enabled: true,
      timeout: 30,
      negate: false,
    });
    expect(asked().filter((request) => request.startsWith("POST"))).toEqual([
      "POST providers/oauth2/",
      "POST core/applications/",
      "POST core/groups/",
      "POST policies/bindings/",
    ]);
    for (const made of [provider, app, friends, bound]) {
      expect(await plugin.diff(made.type, made.id, made, made.inputs)).toMatchObject({
        changes: "none",
      });
      const read = await plugin.read(made.type, made.id, made);
      expect(read).toMatchObject({ id: made.id, inputs: made.inputs, state: made.state });
      const imported = await plugin.read(made.type, made.id);
      expect(await plugin.diff(made.type, made.id, imported, made.inputs)).toMatchObject({
        changes: "none",
      });
    }
    for (const made of [bound, app, friends, provider]) await drop(made);
  });

  test("an application's new slug is its new id", async () => {
    const made = await make(application, { name: "App", slug: "old" });
    const state = await plugin.update(application, "old", made, { ...made.inputs, slug: "new" });
    expect(state).toMatchObject({ slug: "new", applicationId: "new", uuid: made.state["uuid"] });

    // The engine goes on with the id that it was made with, and the bridge with the one in the state.
    const again = { ...made, state, inputs: { ...made.inputs, slug: "new" } };
    const newest = { ...made.inputs, slug: "newest" };
    const state2 = await plugin.update(application, "old", again, newest);
    expect(state2).toMatchObject({ slug: "newest", applicationId: "newest" });
    const last = { ...made, state: state2, inputs: newest };
    expect(await plugin.read(application, "old", last)).toMatchObject({ id: "newest" });
    await plugin.delete(application, "old", last);
    expect(asked().at(-1)).toBe("DELETE core/applications/newest/");
  });

  test("a scope mapping's expression may end with a line break or not", async () => {
    const made = await make(scope, { name: "role", scopeName: "role", expression: "return {}" });
    expect(
      await plugin.diff(scope, made.id, made, { ...made.inputs, expression: "return {}\n" }),
    ).toMatchObject({ changes: "none" });
    expect(
      await plugin.diff(scope, made.id, made, { ...made.inputs, expression: "return 1" }),
    ).toMatchObject({ names: ["expression"] });
    await drop(made);
  });

  test("a name is made up where none is given, and kept", async () => {
    const { inputs } = await plugin.check(group, {});
    expect(inputs["name"]).toMatch(/^thing-[0-9a-f]{7}$/);
    expect(
      (await plugin.check(group, {}, { ...inputs, name: "thing-1234567" })).inputs["name"],
    ).toBe("thing-1234567");
  });

  test("what is gone when it is to be changed is said", async () => {
    const made = await make(group, { name: "short-lived" });
    await drop(made);
    expect(
      await messageOf(plugin.update(group, made.id, made, { ...made.inputs, isSuperuser: true })),
    ).toContain("npx pulumi refresh");
  });
});

describe("reaching Authentik", () => {
  const other = new Plugin("authentik");
  beforeAll(async () => {
    await other.start();
    await other.parameterize("authentik", "2026.5.0", parameter);
  });
  afterAll(() => other.stop());
  const ask = () => other.invoke("authentik:index/getFlow:getFlow", { slug: "x" });

  test("an Authentik that is out of reach is told in the words of the official provider", async () => {
    await other.configure("authentik", { url: "http://127.0.0.1:1", token: "canary-token" });
    const message = await messageOf(ask());
    const text =
      `HTTP Error 'Get "http://127.0.0.1:1/api/v3/flows/instances/?slug=x": ` +
      "dial tcp 127.0.0.1:1: connect: connection refused' without http response";
    expect(message).toBe(`${text}: `);
    expect(other.logs.at(-1)).toMatchObject({ message: `[ERROR] : ${text}` });
  });

  test("a wrong token is Authentik's refusal", async () => {
    await other.configure("authentik", { url: authentik.url, token: "canary-token" });
    const message = await messageOf(ask());
    expect(message).toBe(
      `HTTP Error '403 Forbidden  (Token invalid/expired)' during request 'GET /api/v3/flows/instances/': "{"detail":"Token invalid/expired"}": `,
    );
    expect(message).not.toContain("canary-token");
  });

  test("no token, no address and no address at all are said", async () => {
    expect(await messageOf(other.configure("authentik", { url: authentik.url }))).toContain(
      "config set --secret authentik:token",
    );
    await other.configure("authentik", { url: "auth.example", token: "t" });
    expect(await messageOf(ask())).toContain('"auth.example", is not an address');
  });

  test("an Authentik in a folder of its host is asked there", async () => {
    await other.configure("authentik", { url: `${authentik.url}/sso/`, token: "t" });
    await messageOf(ask());
    expect(authentik.requests.at(-1)?.path).toBe("/sso/api/v3/flows/instances/?slug=x");
  });

  test("what is not Authentik is told as it answers", async () => {
    await other.configure("authentik", { url: authentik.url, token: "t" });
    authentik.instead["/api/v3/flows/instances/?slug=x"] = [502, "<html>Bad gateway</html>"];
    const message = await messageOf(ask());
    authentik.instead["/api/v3/flows/instances/?slug=x"] = [200, "<html>Welcome</html>"];
    expect(message).toContain("HTTP Error '502 Bad Gateway'");
    expect(await messageOf(ask())).toContain("answered 200, but not with JSON");
    delete authentik.instead["/api/v3/flows/instances/?slug=x"];
  });

  test("an object that was made and cannot be read back is not lost", async () => {
    await other.configure("authentik", { url: authentik.url, token: authentik.token });
    authentik.instead["/api/v3/core/applications/half/"] = [500, "oops"];
    const failure = await other.failureOf(
      other.create(application, { name: "Half", slug: "half" }),
    );
    expect(failure).toMatchObject({ id: "half", state: { slug: "half", applicationId: "half" } });
    expect(failure.reasons.join()).toContain("HTTP Error '500 Internal Server Error'");
    delete authentik.instead["/api/v3/core/applications/half/"];
    await other.delete(application, "half", { inputs: {}, state: failure.state });
  });

  test("it is goauthentik/authentik and nothing else", async () => {
    expect(
      await messageOf(
        other.parameterize("cloudflare", "1.0.0", '{"remote":{"url":"cloudflare/cloudflare"}}'),
      ),
    ).toContain("takes the official plugin");
  });
});

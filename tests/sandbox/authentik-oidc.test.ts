/** What the recorded exchanges do not cover: logins from end to end, and how Authentik's settings act. */
import { createHash, randomBytes } from "node:crypto";

import { AuthentikProcess } from "./support/authentik";
import { Browser, CALLBACK, find, makeClient, redeem, verified } from "./support/oidc";
import type { Client } from "./support/oidc";

jest.setTimeout(30_000);

let authentik: AuthentikProcess;

beforeAll(async () => {
  authentik = await AuthentikProcess.start({
    groups: ["immich-users"],
    users: [
      {
        username: "alice",
        name: "Alice Example",
        email: "alice@example.com",
        password: "pw-alice",
        groups: ["immich-users", "immich-admins"],
      },
      { username: "bob", email: "bob@example.com", password: "pw-bob" },
    ],
  });
}, 30_000);

afterAll(() => authentik.stop());

async function claimsOf(
  client: Client,
  username: string,
  extra: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const back = await new Browser(authentik).login(client, username, extra);
  const tokens = await redeem(authentik, client, { code: back.searchParams.get("code") ?? "" });
  return verified(authentik, client, tokens.id_token);
}

describe("signing", () => {
  test.each([
    [
      "RS256",
      () =>
        find(authentik, "crypto/certificatekeypairs/", "name=authentik+Self-signed+Certificate"),
    ],
    ["HS256", () => Promise.resolve(null)],
    [
      "ES256",
      async () => {
        const body = { common_name: "ec", validity_days: 1, alg: "ecdsa" };
        const path = "crypto/certificatekeypairs/generate/";
        return (await authentik.api<{ pk: string }>("POST", path, body)).pk;
      },
    ],
  ])("%s follows from the signing key, and verifies", async (alg, key) => {
    const client = await makeClient(authentik, `sign-${alg.toLowerCase()}`, {
      signing_key: await key(),
    });
    await expect(claimsOf(client, "alice")).resolves.toMatchObject({
      alg,
      iss: `${authentik.url}/application/o/${client.slug}/`,
      aud: client.id,
      email: "alice@example.com",
    });
  });
});

describe("codes", () => {
  let client: Client;
  beforeAll(async () => {
    client = await makeClient(authentik, "codes", {
      redirect_uris: [
        { matching_mode: "strict", url: CALLBACK },
        { matching_mode: "strict", url: "app.immich:///oauth-callback" },
      ],
    });
  });

  const codeFor = async (extra: Record<string, string> = {}): Promise<string> => {
    const back = await new Browser(authentik).login(client, "alice", extra);
    expect(back.searchParams.get("state")).toBe("st4te");
    expect([...back.searchParams.keys()]).toEqual(["code", "state"]);
    return back.searchParams.get("code") ?? "";
  };

  test("are good once", async () => {
    const code = await codeFor();
    await expect(redeem(authentik, client, { code })).resolves.toHaveProperty("id_token");
    await expect(redeem(authentik, client, { code })).resolves.toMatchObject({
      error: "invalid_grant",
    });
  });

  test("need the redirect URI they were issued for; one that is not listed is told like a wrong secret", async () => {
    const other = { code: await codeFor(), redirect_uri: "app.immich:///oauth-callback" };
    await expect(redeem(authentik, client, other)).resolves.toMatchObject({
      error: "invalid_grant",
    });
    const unlisted = { code: "bogus", redirect_uri: `${CALLBACK}/` };
    await expect(redeem(authentik, client, unlisted)).resolves.toMatchObject({
      error: "invalid_client",
    });
  });

  test("need the PKCE verifier they were asked for with", async () => {
    const verifier = randomBytes(32).toString("base64url");
    const challenge = {
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    };
    const wrong = { code: await codeFor(challenge), code_verifier: "x".repeat(43) };
    await expect(redeem(authentik, client, wrong)).resolves.toMatchObject({
      error: "invalid_grant",
    });
    const right = { code: await codeFor(challenge), code_verifier: verifier };
    await expect(redeem(authentik, client, right)).resolves.toHaveProperty("id_token");
  });

  test("can be redeemed with the credentials in a Basic header", async () => {
    const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64");
    const headers = { authorization: `Basic ${basic}` };
    await expect(
      redeem(authentik, client, { code: await codeFor() }, headers),
    ).resolves.toHaveProperty("id_token");
  });

  test("are no good after the secret changed for somebody who has the old one", async () => {
    const code = await codeFor();
    await authentik.api("PATCH", `providers/oauth2/${client.provider}/`, { client_secret: "new" });
    await expect(redeem(authentik, client, { code })).resolves.toMatchObject({
      error: "invalid_client",
    });
    client = { ...client, secret: "new" };
    await expect(redeem(authentik, client, { code })).resolves.toHaveProperty("id_token");
  });
});

describe("logging in", () => {
  test("prompt=none while logged out is login_required", async () => {
    const client = await makeClient(authentik, "prompt-none");
    const location = await new Browser(authentik).authorize(client, { prompt: "none" });
    expect(location).toBe(
      `${CALLBACK}?error=login_required&error_description=The%20Authorization%20Server%20requires%20End-User%20authentication&state=st4te`,
    );
  });

  test("prompt=login asks again, once", async () => {
    const client = await makeClient(authentik, "prompt-login");
    const browser = new Browser(authentik);
    await browser.login(client, "alice");
    await expect(browser.authorize(client)).resolves.toMatch(/^http.*code=/);
    await expect(browser.authorize(client, { prompt: "login" })).resolves.toMatch(/^\/if\/flow\//);
    const back = await browser.login(client, "alice", { prompt: "login" });
    expect(back.searchParams.get("code")).toBeTruthy();
  });

  test("a wrong password, and a name that nobody has, are told alike", async () => {
    const client = await makeClient(authentik, "wrong-password");
    for (const name of ["alice", "nobody"]) {
      const browser = new Browser(authentik);
      await expect(
        browser.finish(await browser.authorize(client), name, "wrong"),
      ).resolves.toContain("Invalid password");
    }
  });

  test("the e-mail address names a user as well", async () => {
    const client = await makeClient(authentik, "by-email");
    const browser = new Browser(authentik);
    const start = await browser.authorize(client);
    await expect(browser.finish(start, "Alice@example.com", "pw-alice")).resolves.toContain(
      "code=",
    );
  });

  test("consent is asked for once, and again for a new scope", async () => {
    const flow = "default-provider-authorization-explicit-consent";
    const client = await makeClient(authentik, "consent", {
      authorization_flow: await find(authentik, "flows/instances/", `slug=${flow}`),
    });
    const browser = new Browser(authentik);
    await browser.login(client, "alice", { scope: "openid" });
    const ask = async (scope: string): Promise<Record<string, unknown>> => {
      const location = await browser.authorize(client, { scope });
      const query = encodeURIComponent(location.split("?")[1] ?? "");
      const path = `/api/v3/flows/executor/${flow}/?query=${query}`;
      const answer = await browser.open(path);
      return JSON.parse((answer.status === 302 ? await browser.open(path) : answer).body) as Record<
        string,
        unknown
      >;
    };
    await expect(ask("openid")).resolves.toMatchObject({ component: "xak-flow-redirect" });
    await expect(ask("openid email")).resolves.toMatchObject({
      component: "ak-stage-consent",
      permissions: [{ id: "openid" }],
      additional_permissions: [{ id: "email", name: "Email address" }],
    });
  });

  test("a user outside of the bound group is refused after the login", async () => {
    const client = await makeClient(authentik, "bound");
    await authentik.api("POST", "policies/bindings/", {
      target: client.application,
      group: await find(authentik, "core/groups/", "name=immich-users"),
      order: 0,
    });
    await expect(claimsOf(client, "alice")).resolves.toHaveProperty("sub");
    await expect(new Browser(authentik).login(client, "bob")).rejects.toThrow("Permission denied");
  });
});

describe("redirect URIs", () => {
  const uris = (url: string, matching_mode = "strict"): Record<string, unknown> => ({
    redirect_uris: [{ matching_mode, url }],
  });

  test("match letter by letter, or as a whole pattern", async () => {
    const strict = await makeClient(authentik, "uri-strict", uris(`${CALLBACK}/`));
    await expect(new Browser(authentik).authorize(strict)).resolves.toBe("400 Redirect URI Error");
    const regex = await makeClient(
      authentik,
      "uri-regex",
      uris("http://127\\.0\\.0\\.1:.*", "regex"),
    );
    await expect(new Browser(authentik).authorize(regex)).resolves.toMatch(/^\/if\/flow\//);
    const part = await makeClient(authentik, "uri-part", uris("127\\.0\\.0\\.1", "regex"));
    await expect(new Browser(authentik).authorize(part)).resolves.toBe("400 Redirect URI Error");
  });

  test("with a scheme that runs code are refused, listed or not", async () => {
    const url = "javascript:alert(1)";
    const client = await makeClient(authentik, "uri-script", uris(url));
    await expect(new Browser(authentik).authorize(client, { redirect_uri: url })).resolves.toBe(
      "400 Redirect URI Error",
    );
  });

  test("an empty list trusts the first that comes, for good", async () => {
    const client = await makeClient(authentik, "uri-empty", { redirect_uris: [] });
    const browser = new Browser(authentik);
    await expect(browser.authorize(client)).resolves.toMatch(/^\/if\/flow\//);
    const other = { redirect_uri: "http://127.0.0.1:1/" };
    await expect(browser.authorize(client, other)).resolves.toBe("400 Redirect URI Error");
  });
});

describe("claims", () => {
  test("come from the scopes that are asked for and mapped", async () => {
    const client = await makeClient(authentik, "claims", {}, ["openid", "email"]);
    const claims = await claimsOf(client, "alice", { scope: "openid email profile" });
    expect(claims).toHaveProperty("email", "alice@example.com");
    expect(claims).not.toHaveProperty("name");
    await expect(claimsOf(client, "alice", { scope: "openid" })).resolves.not.toHaveProperty(
      "email",
    );
  });

  test("without the mapping of openid, userinfo is forbidden", async () => {
    const client = await makeClient(authentik, "claims-none", {}, []);
    const back = await new Browser(authentik).login(client, "alice");
    const tokens = await redeem(authentik, client, { code: back.searchParams.get("code") ?? "" });
    expect(tokens).toMatchObject({ scope: "" });
    const claims = await verified(authentik, client, tokens.id_token);
    expect(claims).not.toHaveProperty("email");
    const answer = await authentik.ask({
      path: "/application/o/userinfo/",
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect([answer.status, answer.headers["www-authenticate"]]).toEqual([
      403,
      expect.stringContaining("insufficient_scope"),
    ]);
  });

  test("are all given to a client that asks for no scope", async () => {
    const client = await makeClient(authentik, "claims-all");
    await expect(claimsOf(client, "alice", { scope: "" })).resolves.toMatchObject({
      email: "alice@example.com",
      name: "Alice Example",
    });
  });

  test("stay out of the ID token when the provider says so", async () => {
    const client = await makeClient(authentik, "claims-out", { include_claims_in_id_token: false });
    const claims = await claimsOf(client, "alice");
    expect(claims).not.toHaveProperty("email");
    expect(claims).toHaveProperty("sub");
  });

  test.each([
    ["user_username", "alice"],
    ["user_email", "alice@example.com"],
    ["user_id", expect.stringMatching(/^\d+$/) as unknown],
    ["user_uuid", expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown],
    ["hashed_user_id", expect.stringMatching(/^[0-9a-f]{64}$/) as unknown],
  ])("sub is what the mode %s says", async (sub_mode, sub) => {
    const client = await makeClient(authentik, `sub-${sub_mode}`, { sub_mode });
    await expect(claimsOf(client, "alice")).resolves.toMatchObject({ sub });
  });

  test.each([
    [
      "a group test",
      'return {"immich_role": "admin" if ak_is_group_member(request.user, name="immich-admins") else "user"}',
    ],
    [
      "several group tests",
      'return {\n  "immich_role": "admin" if ak_is_group_member(request.user, name="x") or ' +
        'ak_is_group_member(request.user, name="immich-admins") else "user",\n}',
    ],
    [
      "any of a list",
      '# who rules\nreturn {"immich_role": "admin" if any([ak_is_group_member(request.user, name="x"), ' +
        'ak_is_group_member(request.user, name="immich-admins")]) else "user"}',
    ],
    [
      "any of the groups",
      'return {"immich_role": "admin" if any(g.name in ["immich-admins"] for g in request.user.groups.all()) else "user"}',
    ],
  ])("a role comes from %s", async (what, expression) => {
    const scope_name = `role_${what.replaceAll(" ", "_")}`;
    await authentik.api("POST", "propertymappings/provider/scope/", {
      name: what,
      scope_name,
      expression,
    });
    const client = await makeClient(authentik, scope_name, {}, ["openid", scope_name]);
    const scope = `openid ${scope_name}`;
    await expect(claimsOf(client, "alice", { scope })).resolves.toMatchObject({
      immich_role: "admin",
    });
    await expect(claimsOf(client, "bob", { scope })).resolves.toMatchObject({
      immich_role: "user",
    });
    const discovery = await authentik.ask({
      path: `/application/o/${client.slug}/.well-known/openid-configuration`,
    });
    expect(JSON.parse(discovery.body)).toMatchObject({
      scopes_supported: ["openid", scope_name],
      claims_supported: expect.arrayContaining(["immich_role"]) as unknown,
    });
  });

  test.each([
    ["import os\nreturn {}", 'line 1, at import: "return" expected'],
    ["return {'a': 1 + 1}", 'line 1: "+" is not understood'],
    ["x = 1\nreturn {}", 'line 1, at x: "return" expected'],
  ])("an expression that the sandbox cannot evaluate is refused: %j", async (expression, why) => {
    await expect(
      authentik.api("POST", "propertymappings/provider/scope/", {
        name: "odd",
        scope_name: "odd",
        expression,
      }),
    ).rejects.toThrow(JSON.stringify(why).slice(1, -1));
  });
});

describe("the issuer", () => {
  const proxied = { host: "auth.example.org", "x-forwarded-proto": "https" };

  test("in ID tokens is the address that the token was asked for on", async () => {
    const client = await makeClient(authentik, "issuer");
    const back = await new Browser(authentik, proxied).login(client, "alice");
    const form = { code: back.searchParams.get("code") ?? "" };
    const tokens = await redeem(authentik, client, form, proxied);
    await expect(verified(authentik, client, tokens.id_token)).resolves.toMatchObject({
      iss: "https://auth.example.org/application/o/issuer/",
    });
  });

  test("is the bare address in mode global", async () => {
    const client = await makeClient(authentik, "issuer-global", { issuer_mode: "global" });
    await expect(claimsOf(client, "alice")).resolves.toMatchObject({ iss: `${authentik.url}/` });
  });
});

describe("clients", () => {
  test("a public one needs no secret", async () => {
    const client = await makeClient(authentik, "public", { client_type: "public" });
    const back = await new Browser(authentik).login(client, "alice");
    const form = { code: back.searchParams.get("code") ?? "", client_secret: "" };
    await expect(redeem(authentik, client, form)).resolves.toHaveProperty("id_token");
  });

  test("one with an empty secret lets everybody in who sends none", async () => {
    const client = await makeClient(authentik, "empty-secret", { client_secret: "" });
    await expect(redeem(authentik, client, { code: "bogus" })).resolves.toMatchObject({
      error: "invalid_grant",
    });
    const form = { code: "bogus", client_secret: "guess" };
    await expect(redeem(authentik, client, form)).resolves.toMatchObject({
      error: "invalid_client",
    });
  });

  test("a deleted one is unknown everywhere", async () => {
    const client = await makeClient(authentik, "deleted");
    await authentik.api("DELETE", `providers/oauth2/${client.provider}/`);
    await expect(new Browser(authentik).authorize(client)).resolves.toBe("400 Client ID Error");
    await expect(redeem(authentik, client, { code: "bogus" })).resolves.toMatchObject({
      error: "invalid_client",
    });
    for (const path of [".well-known/openid-configuration", "jwks/", "end-session/"]) {
      const answer = await authentik.ask({ path: `/application/o/${client.slug}/${path}` });
      expect(answer.status).toBe(404);
    }
  });

  test("one without an application is refused after the login", async () => {
    const client = await makeClient(authentik, "no-application");
    await authentik.api("DELETE", `core/applications/${client.slug}/`);
    await expect(new Browser(authentik).authorize(client)).resolves.toBe("200 Permission denied");
  });
});

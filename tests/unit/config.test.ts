import { PROJECT, readConfig, redirectUriProblem } from "../../config";
import { configValues, declaredKeys, HOMELAB_SECRETS, source } from "../stackFile";

function read(more: Record<string, unknown> = {}) {
  return readConfig(source(configValues("homelab", { ...HOMELAB_SECRETS, ...prefixed(more) })));
}

function prefixed(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key.includes(":") ? key : `${PROJECT}:${key}`,
      value,
    ]),
  );
}

describe("the homelab of the tutorial", () => {
  test("is read as it stands in Pulumi.homelab.yaml", () => {
    const config = read();
    expect(config.authentik).toEqual({
      url: "https://auth.hrmsmrflrii.xyz",
      token: "authentik-token-canary",
      publicUrl: "https://auth.hrmsmrflrii.xyz",
    });
    expect(config.application).toMatchObject({
      name: "Immich",
      slug: "immich",
      providerName: "immich-oauth-provider",
      clientId: "immich-oauth-client",
      clientSecret: undefined,
      launchUrl: "https://photos.hrmsmrflrii.xyz",
      authorizationFlow: "default-provider-authorization-explicit-consent",
      redirectUris: ["https://photos.hrmsmrflrii.xyz/auth/login"],
      scopes: ["openid", "email", "profile"],
    });
    expect(config.database).toMatchObject({
      ssh: { host: "192.168.40.22", port: 22, user: "hermes-admin" },
      container: "immich_postgres",
      database: "immich",
      login: "dedicated",
      store: "system_metadata",
    });
    expect(config.restart).toEqual({
      directory: "/opt/immich",
      service: "immich-server",
      when: "onChange",
      timeoutSeconds: 120,
    });
    expect(config.loginCheck).toBe("fail");
  });
});

describe("every key that is read is declared, and the other way round", () => {
  test("with a description", () => {
    const read = new Set<string>();
    const values = configValues("homelab", {
      ...HOMELAB_SECRETS,
      [`${PROJECT}:sshJumpHost`]: "jump",
      [`${PROJECT}:sshJumpHostKey`]: HOMELAB_SECRETS[`${PROJECT}:sshHostKey`],
    });
    readConfig({
      get: (key) => {
        read.add(key);
        return values[key];
      },
    });
    const declared = Object.keys(declaredKeys()).map((key) => `${PROJECT}:${key}`);
    expect([...read].sort()).toEqual(["authentik:token", "authentik:url", ...declared].sort());
    for (const [key, { description }] of Object.entries(declaredKeys()))
      expect([key, description]).toEqual([key, expect.stringMatching(/^.{10,}\.$/)]);
  });
});

describe("redirect URIs", () => {
  test.each([
    ["https://photos.example.org/auth/login", true],
    ["http://127.0.0.1:2283/auth/login", true],
    ["http://localhost:2283/auth/login", true],
    ["app.immich:///oauth-callback", true],
    ["http://photos.example.org/auth/login", false],
    ["javascript:alert(1)", false],
    ["data:text/html,x", false],
    ["/auth/login", false],
    ["https://photos.example.org/auth/login#x", false],
    ["", false],
    ["https://photos.example.org/a b", false],
    ["https://user:pass@photos.example.org/auth/login", false],
    ["https:photos.example.org/auth/login", false],
    ["https://*.example.org/auth/login", false],
    ["https://photos.example.org/auth/login#", false],
    ["app.immich:/oauth-callback", true],
  ])("%s accepted: %s", (uri, accepted) => {
    expect(redirectUriProblem(uri) === undefined).toBe(accepted);
  });

  test("of a new stack are the three of Authentik's guide to Immich; more are added, none twice", () => {
    const origin = "https://photos.hrmsmrflrii.xyz";
    const three = [
      `${origin}/auth/login`,
      `${origin}/user-settings`,
      "app.immich:///oauth-callback",
    ];
    const ofNewStack = { accountLinking: undefined, mobileApp: undefined };
    const defaults = Object.fromEntries(
      Object.keys(ofNewStack).map((key) => [key, declaredKeys()[key]?.default]),
    );
    expect(defaults).toEqual({ accountLinking: true, mobileApp: true });
    expect(read(ofNewStack).application.redirectUris).toEqual(three);
    expect(read(defaults).application.redirectUris).toEqual(three);
    const extra = `["${origin}/auth/login","https://old.example.org/auth/login"]`;
    expect(read({ ...ofNewStack, extraRedirectUris: extra }).application.redirectUris).toEqual([
      ...three,
      "https://old.example.org/auth/login",
    ]);
  });

  test("launchUrl keeps its query", () => {
    const page = "https://photos.hrmsmrflrii.xyz/auth/login?autoLaunch=1";
    expect(read({ launchUrl: page }).application.launchUrl).toBe(page);
    // Without one the tile leads to Immich, where Authentik can take that address.
    expect(() => read({ launchUrl: undefined, immichUrl: "https://my_photos.lan" })).toThrow(
      /launchUrl.*my_photos.*unset, it is immichUrl/s,
    );
  });
});

import { ConfigError, PROJECT, readConfig, redirectUriProblem } from "../../config";
import { configValues, declaredKeys, HOMELAB_SECRETS, source } from "../stackFile";

function read(more: Record<string, unknown> = {}) {
  return readConfig(source(configValues("homelab", { ...HOMELAB_SECRETS, ...prefixed(more) })));
}

function problemsOf(more: Record<string, unknown>): ConfigError {
  try {
    read(more);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("no problem was found");
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

describe("bad values", () => {
  const cases: readonly [key: string, value: unknown, allowed: RegExp][] = [
    ["authentik:url", undefined, /an http\(s\) address/],
    ["authentik:url", "auth.example.org", /an http\(s\) address/],
    ["authentik:url", "https://user:pass@auth.example.org", /without user and password/],
    ["authentik:token", undefined, /text/],
    ["immichUrl", "", /origin without a path/],
    ["immichUrl", "https://photos.example.org/auth/login", /origin without a path/],
    ["immichUrl", "http://photos.example.org", /https/],
    ["immichUrl", "ftp://photos.example.org", /http\(s\) origin/],
    ["immichApiUrl", "192.0.2.22:2283", /http\(s\) origin/],
    ["authentikPublicUrl", "https://auth.example.org?x=1", /query/],
    ["applicationName", " ", /text/],
    ["applicationSlug", "immich photos", /letters, digits/],
    ["launchUrl", "photos", /http\(s\) address/],
    ["providerName", "", /text/],
    ["authorizationFlow", "no such flow", /letters, digits/],
    ["invalidationFlow", "", /letters, digits/],
    ["signingKey", "", /text/],
    ["clientId", "immich ", /without spaces around it/],
    ["clientId", "imm\nich", /printable ASCII/],
    ["clientSecret", "secret-canary\n", /printable ASCII/],
    ["scopes", "openid,email", /separated by single spaces/],
    ["scopes", "openid profile", /openid and email/],
    ["scopes", "openid  email", /single spaces/],
    ["extraRedirectUris", "https://x.example.org", /a list/],
    ["extraRedirectUris", '["javascript:alert(1)"]', /not javascript:/],
    ["extraRedirectUris", '["http://photos.example.org/x"]', /https/],
    ["accountLinking", "yes", /true or false/],
    ["mobileApp", "1", /true or false/],
    ["accessGroups", '[""]', /text/],
    ["adminGroups", "admins", /a list/],
    ["buttonText", "", /text/],
    ["autoRegister", "yes", /true or false/],
    ["autoLaunch", "no", /true or false/],
    ["passwordLogin", "off", /true or false/],
    ["sshHost", "", /a name without spaces/],
    ["sshPort", "0", /1 to 65535/],
    ["sshPort", "ssh", /1 to 65535/],
    ["sshUser", "the admin", /without spaces/],
    ["sshHostKey", "", /public key of 192\.168\.40\.22/],
    ["sshHostKey", "SHA256:abc", /public key/],
    ["containerRuntime", "nerdctl", /docker, podman/],
    ["postgresContainer", "-x", /letters, digits/],
    ["postgresPort", "70000", /1 to 65535/],
    ["postgresDatabase", "", /text/],
    ["postgresUser", "", /text/],
    ["postgresPassword", "", /text/],
    ["postgresLogin", "own", /dedicated, existing/],
    ["settingsStore", "auto", /system_metadata, system_config/],
    ["tunnelPort", "-1", /0 to 65535/],
    ["composeDirectory", "opt/immich", /absolute path/],
    ["composeService", "a b", /letters, digits/],
    ["restart", "always", /onChange, whenNeeded, never/],
    ["restartTimeoutSeconds", "2", /5 to 3600/],
    ["loginCheck", "true", /fail, warn, off/],
  ];

  test.each(cases)("%s = %j", (key, value, allowed) => {
    const { problems } = problemsOf({ [key]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.key.replace(/\[\d+\]$/, "")).toBe(key);
    expect(problems[0]?.allowed).toMatch(allowed);
    expect(problems[0]?.mend).toMatch(/^npx pulumi config set /);
  });

  test("a jump host without its host key", () => {
    expect(problemsOf({ sshJumpHost: "jump" }).problems).toMatchObject([
      { key: "sshJumpHostKey", mend: expect.stringContaining("ssh-keyscan -t ed25519 jump") },
    ]);
  });

  test("are all told at once, secrets never", () => {
    const error = problemsOf({
      immichUrl: "photos",
      sshPort: "0",
      clientSecret: " secret-canary",
      restart: "always",
    });
    expect(error.problems).toHaveLength(4);
    expect(error.message).toMatch(/4 problems; nothing was touched/);
    expect(error.message).not.toContain("secret-canary");
    expect(error.message).toContain('restart: is "always"');
    expect(error.message).toContain("npx pulumi config set --secret clientSecret");
  });

  test("a secret in clear in the stack's file", () => {
    const values = configValues("homelab", HOMELAB_SECRETS);
    const encrypted = new Set(["authentik:token"]);
    expect(() => readConfig(source(values, encrypted))).toThrow(
      /postgresPassword: is \[in clear in the stack's file\][\s\S]*--secret postgresPassword/,
    );
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
  ])("%s accepted: %s", (uri, accepted) => {
    expect(redirectUriProblem(uri) === undefined).toBe(accepted);
  });

  test("of the app and of account linking come with their keys, none twice", () => {
    const origin = "https://photos.hrmsmrflrii.xyz";
    const config = read({
      accountLinking: "true",
      mobileApp: "true",
      extraRedirectUris: `["${origin}/auth/login","https://old.example.org/auth/login"]`,
    });
    expect(config.application.redirectUris).toEqual([
      `${origin}/auth/login`,
      `${origin}/user-settings`,
      "app.immich:///oauth-callback",
      "https://old.example.org/auth/login",
    ]);
  });
});

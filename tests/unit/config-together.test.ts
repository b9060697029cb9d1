/** Keys of the configuration that depend on one another, and those that are none. */
import { readConfig } from "../../config";
import { configValues, HOMELAB_SECRETS, HOST_KEY } from "../stackFile";
import { full, lockedKey, problemsOf } from "../support/configProblems";

describe("keys that depend on one another", () => {
  test("a private key and its passphrase, right and wrong", () => {
    const sshPrivateKey = lockedKey.private;
    const right = { sshPrivateKey, sshPrivateKeyPassphrase: "phrase-canary" };
    expect(problemsOf(right)).toEqual([]);
    const fix = expect.stringMatching(/ --secret sshPrivateKeyPassphrase$/);
    expect(problemsOf({ ...right, sshPrivateKeyPassphrase: "wrong-canary" })).toMatchObject([
      {
        key: "sshPrivateKeyPassphrase",
        allowed: expect.stringMatching(/not its passphrase$/),
        fix,
      },
    ]);
    expect(problemsOf({ sshPrivateKey })).toMatchObject([
      { key: "sshPrivateKeyPassphrase", given: undefined, fix },
    ]);
  });

  test.each([
    ["sshJumpPort", "2222", { sshJumpHost: "jump", sshJumpHostKey: HOST_KEY }, /sshJumpHost/],
    ["sshJumpUser", "admin", { sshJumpHost: "jump", sshJumpHostKey: HOST_KEY }, /sshJumpHost/],
    ["sshJumpHostKey", HOST_KEY, { sshJumpHost: "jump" }, /sshJumpHost/],
    [
      "sshPrivateKeyPassphrase",
      "phrase-canary",
      { sshPrivateKey: lockedKey.private },
      /sshPrivateKey/,
    ],
  ])("%s means nothing alone", (key, value, more, needed) => {
    expect(problemsOf({ [key]: value })).toMatchObject([
      {
        key,
        given: expect.any(String),
        allowed: expect.stringMatching(needed),
        fix: `npx pulumi config rm --stack 'it'\\''s' ${key}`,
      },
    ]);
    expect(problemsOf({ [key]: value, ...more })).toEqual([]);
  });

  test("a secret that is given is not rotated", () => {
    const clientSecretRotation = "2026-11";
    expect(problemsOf({ clientSecretRotation })).toEqual([]);
    expect(problemsOf({ clientSecretRotation, clientSecret: "canary" })).toMatchObject([
      {
        key: "clientSecretRotation",
        fix: expect.stringMatching(/config rm .* clientSecretRotation$/),
      },
    ]);
  });

  test("a key is named once, whatever is wrong with it", () => {
    expect(problemsOf({ sshJumpUser: "a b" }).map(({ key }) => key)).toEqual(["sshJumpUser"]);
  });

  test("what stands in sshHost goes where it belongs", () => {
    expect(problemsOf({ sshHost: "ssh://me@photos:2222" })).toMatchObject([
      {
        key: "sshHost",
        fix: expect.stringMatching(/sshHost photos && .* sshUser me && .* sshPort 2222$/),
      },
    ]);
  });

  test("the path of an address stays in the command", () => {
    expect(problemsOf({ "authentik:url": "https://example.org/auth/?x=1" })).toMatchObject([
      { fix: expect.stringMatching(/ authentik:url https:\/\/example\.org\/auth$/) },
    ]);
  });

  test("nothing that a terminal would act upon or hide is shown", () => {
    const [problem] = problemsOf({ applicationName: "a\u009b31m\u202eb\u007f" });
    expect(problem?.given).toBe(String.raw`"a\u009b31m\u202eb\u007f"`);
  });

  test("postgresUser is not the login that this stack makes", () => {
    const values = configValues("homelab", {
      ...HOMELAB_SECRETS,
      [full("postgresUser")]: "immich_sso_homelab",
    });
    const read = (stack: string) => readConfig({ get: (name) => values[name], stack });
    expect(() => read("homelab")).toThrow(/not the login that this stack makes/);
    expect(() => read("other")).not.toThrow();
  });

  test("what a key of its own decides is not set by Immich's name too", () => {
    const oauthSettings = '{"roleClaim":"a","storageQuotaClaim":"b","storageLabelClaim":"c"}';
    expect(problemsOf({ oauthSettings })).toEqual([]);
    const decided = {
      oauthSettings,
      adminGroups: '["admins"]',
      storageQuotas: '{"family":1}',
      storageLabelAttribute: "folder",
    };
    expect(problemsOf(decided).map(({ key, allowed }) => [key, allowed])).toEqual([
      ["oauthSettings.roleClaim", "nothing; the key for it is adminGroups"],
      ["oauthSettings.storageQuotaClaim", "nothing; the key for it is storageQuotas"],
      ["oauthSettings.storageLabelClaim", "nothing; the key for it is storageLabelAttribute"],
    ]);
  });

  test("nobody is left an administrator: rights are taken only where groups give them", () => {
    expect(problemsOf({ adminGroupsDemote: "true" })).toMatchObject([
      { key: "adminGroupsDemote", fix: expect.stringContaining("adminGroupsDemote false") },
    ]);
  });

  test("no password login and no proof of a login", () => {
    expect(problemsOf({ passwordLogin: "false", loginCheck: "off" })).toMatchObject([
      { key: "passwordLogin", fix: expect.stringContaining("passwordLogin true") },
    ]);
    expect(problemsOf({ passwordLogin: "false", loginCheck: "warn" })).toEqual([]);
  });

  test("a secret in clear in the stack's file", () => {
    const values = configValues("homelab", HOMELAB_SECRETS);
    const isSecret = (name: string) => name === "authentik:token";
    expect(() => readConfig({ get: (name) => values[name], isSecret })).toThrow(
      /postgresPassword: is \[in clear in the stack's file\][\s\S]*--secret postgresPassword/,
    );
  });

  test.each([
    ["sshHots", "sshHost", "sshHost VALUE"],
    ["ButtonText", "buttonText", "buttonText VALUE"],
    ["accesGroups", "accessGroups", "--path 'accessGroups[0]' VALUE"],
    ["postgresPasswrd", "postgresPassword", "--secret postgresPassword"],
    ["authentik:tokn", "authentik:token", "--secret authentik:token"],
  ])("%s is no key; the nearest is %s", (wrong, right, command) => {
    expect(problemsOf({ [wrong]: "canary" })).toMatchObject([
      {
        key: wrong,
        allowed: expect.stringMatching(new RegExp(`nearest is ${right}$`)),
        fix: `npx pulumi config rm --stack 'it'\\''s' ${full(wrong)} && npx pulumi config set --stack 'it'\\''s' ${command}`,
      },
    ]);
    expect(problemsOf({ nothingOfTheKind: "canary" })[0]?.allowed).toMatch(
      /that Pulumi.yaml declares/,
    );
    expect(problemsOf({ "aws:region": "x", "authentik:insecure": "true" })).toEqual([]);
  });
});

/** Every key of the configuration: what it may be, what it may not be, the message, and the command that fixes it. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { utils } from "ssh2";

import { declaredKeys, HOST_KEY } from "../stackFile";
import { lockedKey as locked, problemsOf, STACK } from "../support/configProblems";

const key = utils.generateKeyPairSync("ed25519");

interface Rows {
  readonly good: readonly string[];
  readonly bad: readonly (readonly [value: string | undefined, allowed: RegExp])[];
  /** What else is set. */
  readonly with?: Readonly<Record<string, string>>;
}

const port: Rows = {
  good: ["1", "65535"],
  bad: [..."0,65536,ssh,-1,22.0".split(","), "", " 22"].map((value) => [value, /to 65535/]),
};
const flag: Rows = {
  good: ["true", "false", ""],
  bad: ["yes", "1", "True", " true"].map((value) => [value, /true or false/]),
};
const slug: Rows = {
  good: ["immich", "a_b-C9"],
  bad: ["", "immich photos", "a/b", "a.b", "ä", "a\u0001", "a\0"].map((v) => [
    v,
    /letters, digits/,
  ]),
};
const name: Rows = {
  good: ["Immich", "it's $HOME `x`"],
  bad: ["", " ", " x", "a\u0007b", "a\nb", "a\0"].map((value) => [value, /text/]),
};
const url: Rows = {
  good: ["https://a.example.org", "http://192.0.2.1:9000", "https://a.example.org/"],
  bad: [
    ["auth.example.org", /an http\(s\)/],
    ["192.0.2.22:2283", /an http\(s\)/],
    ["https:auth.example.org", /an http\(s\)/],
    ["https://a.example.org/\u0001", /an http\(s\)/],
    ["https://u:canary@auth.example.org", /without user and password/],
    ["https://u:canary@auth example.org", /an http\(s\)/],
    ["https://auth.example.org?x=1", /without query/],
    ["https://auth.example.org#x", /fragment/],
    ["https://*.example.org", /an http\(s\)/],
  ],
};
const optionalUrl: Rows = { ...url, good: [...url.good, ""] };
const host: Rows = {
  good: ["192.0.2.22", "photos.example.org", "photos_1", "::1", "fe80::1"],
  bad: [
    ...["ssh://h", "me@h:22", "h:22", "ssh://me:canary@h/"].map(
      (value) =>
        [value, /the user goes into ssh(Jump)?User, the port into ssh(Jump)?Port$/] as const,
    ),
    ...["", "a b", "[::1]", "h\0", "-oProxyCommand=x"].map(
      (value) => [value, /a host name or an address/] as const,
    ),
  ],
};
const user: Rows = {
  good: ["admin", "me@corp.example.org", "CORP\\me"],
  bad: ["", "the admin", "ssh://me", "-x", "a\0"].map((value) => [value, /a login name/]),
};
const container: Rows = {
  good: ["immich_postgres", "a.b-1"],
  bad: ["", "-x", "a b", "a/b", "a\u0001"].map((value) => [value, /letters, digits/]),
};
const postgresName: Rows = {
  good: ["immich", "a".repeat(63)],
  bad: ["", "a".repeat(64), "ä".repeat(32), "a\0b"].map((value) => [value, /63 bytes/]),
};
const hostKey: Rows = {
  good: [HOST_KEY, `# x\n192.0.2.22 ${HOST_KEY}\n${HOST_KEY}`],
  bad: [
    ["", /public key of/],
    [`SHA256:${"A".repeat(43)}`, /line 1 of \w+ is a fingerprint; the whole key is needed/],
    ["hunter-canary", /is no host key/],
    [HOST_KEY.slice(0, 40), /damaged/],
  ],
};
const groups: Rows = {
  good: ["[]", '["family","it\'s"]'],
  bad: [
    ["admins", /a list/],
    ["[1]", /a list/],
    ['[""]', /text/],
    ['[" a"]', /without spaces/],
    ['["a\\u0001"]', /control characters/],
    ['["a","b","a"]', /once; this one is at \[0\]/],
  ],
};
const choice = (...good: string[]): Rows => ({
  good,
  bad: ["", "auto", "True", ` ${good[0]}`].map((value) => [value, /one of/]),
});
const optional = (rows: Rows): Rows => ({
  ...rows,
  good: [...rows.good, ""],
  bad: rows.bad.filter(([value]) => value !== ""),
});

const table: Record<string, Rows> = {
  "authentik:url": { ...url, bad: [...url.bad, [undefined, /an http\(s\) address/]] },
  "authentik:token": {
    good: ["abc", "a~b"],
    bad: [undefined, "", "a canary", "canary\n", "canary\u00e9", "canary\0"].map((value) => [
      value,
      /ASCII without spaces/,
    ]),
  },
  immichUrl: {
    good: ["https://p.example.org", "http://127.0.0.1:2283"],
    bad: [
      ...url.bad,
      ["", /origin/],
      ["https://p.example.org/x", /without a path/],
      ["http://p.example.org", /^https/],
    ],
  },
  immichApiUrl: optionalUrl,
  settingsThrough: { ...choice("database", "api"), with: { immichApiKey: "k" } },
  immichApiKey: {
    good: ["abc", "a~b"],
    bad: [undefined, "", "a canary", "canary\n", "canary\u00e9", "canary\0"].map((value) => [
      value,
      /ASCII without spaces/,
    ]),
    with: { settingsThrough: "api" },
  },
  authentikPublicUrl: optionalUrl,
  launchUrl: {
    good: [
      "",
      "https://p.example.org",
      "https://p.example.org/auth/login?autoLaunch=1",
      "https://p.example.org/?a=b",
      "https://p",
      "https://[2001:db8::1]:8443",
      "https://bücher.example",
    ],
    bad: [
      ...optionalUrl.bad.filter(([value]) => !value?.includes("?")),
      ["https://p.example.org/x?a=b#c", /without fragment/],
      ...[
        "https://my_p.lan",
        "https://p.lan.",
        "https://-p.lan",
        `https://${"p".repeat(64)}.lan`,
      ].map((value) => [value, /without _/] as const),
      [`https://p.lan/${"p".repeat(2048)}`, /2048 characters/],
    ],
  },
  applicationName: name,
  providerName: name,
  signingKey: name,
  clientSecretRotation: optional(name),
  databaseMovedFrom: optional(name),
  applicationSlug: {
    ...slug,
    bad: [...slug.bad, ["token", /none of authorize, token/], ["userinfo", /none of/]],
  },
  authorizationFlow: slug,
  invalidationFlow: slug,
  clientId: {
    good: ["immich", "a".repeat(255)],
    bad: ["", "a ", "a\nb", "ä", "a".repeat(256), "a\0"].map((value) => [value, /255 characters/]),
  },
  clientSecret: {
    good: ["", "s", "a".repeat(255)],
    bad: ["canary ", "canary\n", "canary".repeat(43), "canary\0"].map((value) => [value, /255/]),
  },
  scopes: {
    good: ["openid email", "openid email profile"],
    bad: ["", "openid,email", "openid profile", "openid  email", "openid email\u0001"].map(
      (value) => [value, /one space between/],
    ),
  },
  extraRedirectUris: {
    good: ["[]", '["https://a.example.org/x","app.immich:///oauth-callback"]'],
    bad: [
      ["https://a.example.org", /a list/],
      ["https://u:canary@a.example.org", /a list/],
      ['["https://A.example.org/x"]', /as browsers write it: https:\/\/a\.example\.org\/x$/],
      ['["https://a.example.org:443/x"]', /as browsers write it/],
      ['["https://a b/"]', /without spaces/],
      ['["https://u:canary@a.example.org/"]', /without user and password/],
      ['["https:a"]', /absolute URI/],
      ['["https://*.example.org/"]', /letter by letter/],
      ['["https://a.example.org/#"]', /fragment/],
      ['["http://a.example.org/"]', /https URI/],
      ['["javascript:alert(1)"]', /not javascript:/],
    ],
  },
  retainOnDelete: flag,
  accountLinking: flag,
  mobileApp: flag,
  autoRegister: flag,
  autoLaunch: flag,
  passwordLogin: flag,
  accessGroups: groups,
  adminGroups: groups,
  adminGroupsDemote: { ...flag, with: { adminGroups: '["admins"]' } },
  storageQuotas: {
    good: ["", "{}", '{"family":100,"a \\"b\\".c":0.5}'],
    bad: [
      ["100", /a map/],
      ['["family"]', /a map/],
      ['{"family":"100"}', /a number of GiB/],
      ['{"family":-1}', /a number of GiB/],
      ['{"family":0.1}', /whole bytes/],
      ['{"a \\"b\\".c":null}', /a number of GiB/],
      ['{" a":1}', /without spaces/],
    ],
  },
  storageLabelAttribute: optional(name),
  oauthSettings: {
    good: [
      "",
      '{"timeout":5000,"prompt":"login consent","tokenEndpointAuthMethod":"client_secret_basic"}',
      '{"profileSigningAlgorithm":"none","defaultStorageQuota":0.5,"roleClaim":"role"}',
    ],
    bad: [
      ["5000", /a map/],
      ['{"timeout":0}', /a whole number from 1/],
      ['{"timeout":"5000"}', /a whole number from 1/],
      ['{"prompt":"none"}', /consent/],
      ['{"timeot":5000}', /one of .*timeout/],
      ['{"clientId":"other"}', /the key for it is clientId/],
      ['{"scope":"openid"}', /the key for it is scopes/],
      ['{"issuerUrl":"https://a.example.org/"}', /authentikPublicUrl and applicationSlug/],
      ['{"enabled":false}', /it is what this program is for/],
      ['{"toString":1}', /one of/],
    ],
  },
  buttonText: {
    good: ["Login", "Weiter mit Authentik →"],
    bad: ["", "Log\u0001in", "a\nb", "a\0", " a"].map((value) => [value, /text, not empty/]),
  },
  sshHost: host,
  sshJumpHost: { ...optional(host), good: host.good, with: { sshJumpHostKey: HOST_KEY } },
  sshPort: port,
  sshJumpPort: { ...port, with: { sshJumpHost: "jump", sshJumpHostKey: HOST_KEY } },
  sshUser: { ...user, bad: [...user.bad, ["me@192.168.40.22", /the login name alone/]] },
  sshJumpUser: { ...optional(user), with: { sshJumpHost: "jump", sshJumpHostKey: HOST_KEY } },
  sshHostKey: hostKey,
  sshJumpHostKey: { ...hostKey, with: { sshJumpHost: "jump" } },
  sshPrivateKey: {
    good: ["", key.private],
    bad: [
      ["canary", /in no form that can be read/],
      ["canary\0", /in no form that can be read/],
      [key.public, /is a public key/],
    ],
  },
  sshPrivateKeyPassphrase: {
    good: ["phrase-canary"],
    bad: ["canary\n", "canary\0"].map((value) => [value, /control characters/]),
    with: { sshPrivateKey: locked.private },
  },
  containerRuntime: choice("docker", "podman", "sudo -n docker", "sudo -n podman"),
  postgresContainer: container,
  composeService: container,
  postgresPort: port,
  postgresDatabase: postgresName,
  postgresUser: { ...postgresName, bad: [...postgresName.bad, [undefined, /63 bytes/]] },
  postgresPassword: {
    good: ["p w'$x"],
    bad: ["", "canary\n", "canary\0"].map((value) => [value, /text/]),
  },
  postgresLogin: choice("dedicated", "existing"),
  settingsStore: choice("system_metadata", "system_config"),
  tunnelPort: { good: ["0", "65535"], bad: ["", "-1", "x"].map((v) => [v, /0 to 65535/]) },
  composeDirectory: {
    good: ["/opt/immich", "/srv/it's here"],
    bad: ["", "opt/immich", "~/immich", "/a\nb", "/a\0"].map((value) => [value, /absolute path/]),
  },
  restart: choice("onChange", "whenNeeded", "never"),
  restartTimeoutSeconds: {
    good: ["5", "3600"],
    bad: ["", "2", "3601", "1m"].map((value) => [value, /5 to 3600/]),
  },
  loginCheck: choice("fail", "warn", "off"),
};

test("every key of Pulumi.yaml has its rows, and Authentik's two", () => {
  const declared = ["authentik:url", "authentik:token", ...Object.keys(declaredKeys())];
  expect(Object.keys(table).sort()).toEqual(declared.sort());
  for (const { good, bad } of Object.values(table))
    expect([good.length > 0, bad.length > 0]).toEqual([true, true]);
});

const rows = Object.entries(table);
test.each(
  rows.flatMap(([key, { good, with: more }]) => good.map((value) => [key, value, more] as const)),
)("%s may be %j", (key, value, more) => {
  expect(problemsOf({ ...more, [key]: value })).toEqual([]);
});

const bad = rows.flatMap(([key, { bad, with: more }]) =>
  bad.map(([value, allowed]) => [key, value, allowed, more] as const),
);
test.each(bad)("%s may not be %j", (key, value, allowed, more) => {
  const problems = problemsOf({ ...more, [key]: value });
  expect(problems.map((problem) => problem.key.replace(/(\[.*\]|\.\w+)$/, ""))).toEqual([key]);
  expect(problems[0]?.allowed).toMatch(allowed);
  expect(problems[0]?.fix).toContain("npx pulumi config ");
});

describe("the command of each message", () => {
  const folder = mkdtempSync(join(tmpdir(), "fake-npx-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const fake = (program: string, script: string) => {
    writeFileSync(join(folder, program), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, program), 0o755);
  };
  fake("npx", `for word; do printf '%s\\0' "$word"; done; printf '\\n\\0'`);
  fake("ssh-keyscan", `echo "$5$4$3 ${HOST_KEY}"`);
  writeFileSync(join(folder, "id"), "");

  const unique = [
    ...new Map(
      bad.flatMap(([key, value, , more]) =>
        problemsOf({ ...more, [key]: value }).map(({ fix }) => [fix, [key, more]] as const),
      ),
    ),
  ];
  test.each(unique)("%s", (fix, [key, more]) => {
    const run = fix.replace("~/.ssh/id_ed25519", join(folder, "id"));
    const env = { PATH: `${folder}${delimiter}${process.env["PATH"]}` };
    const out = execFileSync("/bin/sh", ["-c", run], { env, encoding: "utf8" });
    // What every `npx` got, a line for each.
    const calls = out
      .split("\n\0")
      .slice(0, -1)
      .map((line) => line.split("\0").slice(0, -1));
    const values = calls.flatMap(([pulumi, config, verb, ...rest]) => {
      expect([pulumi, config, rest[0], rest[1]]).toEqual(["pulumi", "config", "--stack", STACK]);
      const words = rest.slice(2).filter((word) => word !== "--");
      if (verb === "rm")
        expect(words.join(" ")).toMatch(new RegExp(`^(--path )?${key}(\\[.*\\]|\\.\\w+)?$`));
      else if (words[0] === "--secret") expect(words).toEqual(["--secret", key]);
      else if (words[0] === "--path") expect(words).toEqual(["--path", `${key}[0]`, words[2]]);
      else return [words];
      return [];
    });
    if (values.length === 0) return;
    values.forEach((words) => expect(words).toHaveLength(2));
    expect(values[0]?.[0]).toBe(key);
    expect(problemsOf({ ...more, ...Object.fromEntries(values) })).toEqual([]);
  });
});

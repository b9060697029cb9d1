/** The configuration of the way through Immich's API: what it takes, what it leaves unused, what it warns of. */
import { ssoArguments } from "../../arguments";
import { type Exported, forgotten } from "../../commands/forgotten";
import { ConfigError, PROJECT, readConfig } from "../../config";
import { keyInClear } from "../../immichFirst";
import { configurationProblems, readConfiguration } from "../../provider/configuration";
import { configValues, HOST_KEY, source } from "../stackFile";

const KEY = "api-key-canary";
const SSH = {
  sshHost: "192.0.2.22",
  sshUser: "admin",
  sshHostKey: HOST_KEY,
  postgresPassword: "postgres-canary",
};
/** Nothing of SSH, not even what Pulumi.homelab.yaml has. */
const NO_SSH = { sshHost: undefined, sshUser: undefined, composeDirectory: undefined };

function read(more: Record<string, unknown>) {
  const named = { settingsThrough: "api", immichApiKey: KEY, ...NO_SSH, ...more };
  const values = Object.entries(named).map(([key, value]) => [`${PROJECT}:${key}`, value]);
  return readConfig(
    source(configValues("homelab", { "authentik:token": "t", ...Object.fromEntries(values) })),
  );
}

test("the API key and Immich's address are all it takes", () => {
  const args = ssoArguments(read({}), "home");
  expect(args.immich).toEqual({
    settingsThrough: "api",
    apiUrl: "http://192.168.40.22:2283",
    apiKey: KEY,
    stack: "home",
  });
  expect(args).not.toHaveProperty("store");
  expect(args).not.toHaveProperty("dedicatedLogin");
});

test("without the key: refused, with the command; nothing of SSH is asked for", () => {
  expect(() => read({ immichApiKey: undefined })).toThrow(ConfigError);
  let message = "";
  try {
    read({ immichApiKey: undefined });
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toMatch(/immichApiKey: not set[\s\S]*config set .*--secret immichApiKey/);
  expect(message).not.toMatch(/ssh|postgres/);
});

test("keys of the way over SSH stay, unjudged; right ones are kept for the way back", () => {
  expect(ssoArguments(read(SSH), "home").immich).toMatchObject({
    settingsThrough: "api",
    ...SSH,
    tunnelPort: expect.any(Number),
  });
  const half = ssoArguments(read({ sshHost: "ssh://x", sshPort: "none", restart: "x" }), "home");
  expect(half.immich).not.toHaveProperty("sshHost");
});

test.each([
  ["http://photos.example.org", true],
  ["http://203.0.113.7:2283", true],
  ["http://[2001:db8::1]:2283", true],
  ["https://photos.example.org", false],
  ["http://127.0.0.1:2283", false],
  ["http://192.168.40.22:2283", false],
  ["http://172.20.0.5:2283", false],
  ["http://[fd12::1]:2283", false],
  ["http://immich:2283", false],
  ["http://nas.lan:2283", false],
])("the key in clear to %s: warned of is %s", (immichApiUrl, isWarned) => {
  const warning = keyInClear(read({ immichApiUrl }));
  expect(warning !== undefined).toBe(isWarned);
  expect(warning ?? "").not.toContain("canary");
});

test("over SSH nothing is said of a key that is not used", () => {
  const config = read({
    ...SSH,
    composeDirectory: "/opt/immich",
    settingsThrough: "database",
    immichApiUrl: "http://a.example.org",
  });
  expect(keyInClear(config)).toBeUndefined();
  expect(ssoArguments(config, "home").immich).not.toHaveProperty("apiKey");
});

describe("the provider", () => {
  const RIGHT = { settingsThrough: "api", apiUrl: "https://photos.example.org", apiKey: KEY };

  test("takes address and key alone; with the keys of SSH it can still open the tunnel", () => {
    expect(configurationProblems(RIGHT)).toEqual([]);
    expect(readConfiguration(RIGHT)).toEqual({
      api: { url: RIGHT.apiUrl, key: KEY },
      databaseMovedFrom: "",
    });
    const both = readConfiguration({ ...RIGHT, ...SSH, tunnelPort: "20000" });
    expect(both.api && both.former).toMatchObject({ tunnelPort: 20000 });
  });

  test.each([
    ["settingsThrough", "ssh", /allowed: database, api/],
    ["apiUrl", "", /origin/],
    ["apiUrl", "https://photos.example.org/", /without a path or slash/],
    ["apiUrl", "photos.example.org", /origin/],
    ["apiKey", "", /required/],
    ["apiKey", "canary\n", /printable ASCII/],
    ["apiKey", "can ary", /printable ASCII/],
  ])("refuses %s %j, without the key", (property, value, reason) => {
    const problems = configurationProblems({ ...RIGHT, [property]: value });
    expect(problems).toEqual([{ property, reason: expect.stringMatching(reason) }]);
    expect(JSON.stringify(problems)).not.toContain("canary");
  });
});

test("forget login drops the PostgreSQL role from a state, and the settings go on without it", () => {
  const urn = (type: string, name: string) => `urn:pulumi:home::p::${type}::${name}`;
  const resource = (type: string, name: string, more: object = {}) => ({
    urn: urn(type, name),
    type,
    ...more,
  });
  const role = resource("postgresql:index/role:Role", "login");
  const { state, gone } = forgotten(
    {
      deployment: {
        resources: [
          resource("immich:index:PostgresTunnel", "tunnel"),
          resource("pulumi:providers:postgresql", "postgres"),
          role,
          resource("immich:index:Settings", "row", {
            inputs: { login: "immich_sso_home", store: "system_metadata" },
            outputs: { login: "immich_sso_home", deployed: {} },
            dependencies: [role.urn],
          }),
          resource("authentik:index/application:Application", "app"),
        ],
      },
    } as Exported,
    "login",
  );
  expect(gone.map(({ type }) => type)).toEqual([
    "postgresql:index/role:Role",
    "pulumi:providers:postgresql",
    "immich:index:PostgresTunnel",
  ]);
  expect(state.deployment.resources).toMatchObject([
    {
      inputs: { login: "", store: "system_metadata" },
      outputs: { login: "", deployed: {} },
      dependencies: [],
    },
    { type: "authentik:index/application:Application" },
  ]);
});

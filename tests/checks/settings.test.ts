// Immich's settings that no stack writes, and what a check does that has a defect itself.
import { advice, report, summary, table } from "../../checks/print";
import { runChecks } from "../../checks/run";
import type { CheckResult, Settings } from "../../checks/types";
import { fakeHomelab, type Homelab } from "./fakeHomelab";

let homelab: Homelab;

beforeEach(async () => {
  homelab = await fakeHomelab();
});

afterEach(() => homelab.stop());

const broken = (results: readonly CheckResult[]): CheckResult[] =>
  results.filter((one) => one.verdict === "broken");

/** Setting, value, whether a login survives it (measured on 1.135.3), Immich's version. */
const settings: readonly [string, Settings[string], boolean, string?][] = [
  ["oauth.profileSigningAlgorithm", "RS256", false],
  ["oauth.profileSigningAlgorithm", "", true],
  ["oauth.profileSigningAlgorithm", null, true],
  ["oauth.profileSigningAlgorithm", "RS256", true, "3.1.0"],
  ["oauth.timeout", 0, false],
  ["oauth.timeout", "30000", true],
  ["oauth.tokenEndpointAuthMethod", "none", false],
  ["oauth.defaultStorageQuota", "abc", false],
  ["oauth.defaultStorageQuota", -1, false],
  ["oauth.storageLabelClaim", null, true],
  ["oauth.prompt", "none", false, "3.1.0"],
  ["oauth.prompt", "login", true, "3.1.0"],
  ["oauth.endSessionEndpoint", null, true, "3.1.0"],
];

test.each(settings)("%s %p: survived %p", async (key, value, survived, version = "1.135.3") => {
  homelab.world.version = version;
  Object.assign(homelab.world.settings, { [key]: value, "oauth.allowInsecureRequests": true });
  const bad = broken(await runChecks(homelab.input));
  expect(bad.map((one) => one.id)).toEqual(survived ? [] : ["settings-usable"]);
  if (!survived) expect(bad[0]?.seen).toContain(`${key} is ${JSON.stringify(value)}`);
});

const postgres = { container: "immich_postgres", database: "immich", user: "postgres" };

test("the command that gives a setting its default back, by store", async () => {
  homelab.world.settings["oauth.timeout"] = 0;
  homelab.world.settings["oauth.tokenEndpointAuthMethod"] = "none";
  const host = { ssh: "admin@photos.example.org" };
  const fix = async (store: "system_metadata" | "system_config") =>
    broken(
      await runChecks({ ...homelab.input, host: { ...host, postgres: { ...postgres, store } } }),
    )[0]?.fix;
  expect(await fix("system_metadata")).toContain(
    `\`echo "UPDATE system_metadata SET value = (value - 'oauth.timeout' - 'oauth.tokenEndpointAuthMethod') #- '{oauth,timeout}' #- '{oauth,tokenEndpointAuthMethod}' WHERE key = 'system-config'" | ssh admin@photos.example.org 'docker exec -i immich_postgres psql -U postgres -d immich'\``,
  );
  expect(await fix("system_config")).toMatch(
    /"DELETE FROM system_config WHERE key IN \('oauth.timeout', 'oauth.tokenEndpointAuthMethod'\)" \|.*then restart Immich/,
  );
});

test("Authentik signs as it should, Immich expects HS256: Immich's setting is named", async () => {
  homelab.world.settings["oauth.signingAlgorithm"] = "HS256";
  const [bad, ...others] = broken(await runChecks(homelab.input));
  expect(others).toEqual([]);
  expect(bad?.id).toBe("signing-algorithm");
  expect(bad?.seen).toMatch(/oauth.signingAlgorithm in Immich's settings is wrong/);
  expect(bad?.fix).toMatch(/#- '\{oauth,signingAlgorithm\}'/);
  expect(bad?.fix).not.toMatch(/signingKey|pulumi/);
});

test("a check that has a defect is a result of its own; the others count", async () => {
  const results = await runChecks({
    ...homelab.input,
    readSettings: () => Promise.resolve(null as unknown as Settings),
  });
  expect(broken(results)).toEqual([]);
  const crashed = results.filter((one) => one.verdict === "crashed");
  expect(crashed.map((one) => one.id)).toContain("settings-row");
  expect(report(results).ok).toBe(true);
  expect(summary(results)).toMatch(new RegExp(`${crashed.length} crashed$`));
  expect(table(results)).toMatch(/^CRASHED +settings-row +the check itself failed: /m);
  const one = crashed.find(({ id }) => id === "settings-row") as CheckResult;
  expect(advice(one)[2]).toMatch(/defect of this project: please report it/);
});

describe("where Immich does not say whether it runs from a file", () => {
  beforeEach(() => {
    homelab.world.override["/api/server/features"] = (response) => response.writeHead(404).end();
    Object.assign(homelab.world, { version: "3.2.2", publicConfig: true });
    homelab.world.settings["oauth.allowInsecureRequests"] = true;
  });
  const verdict = async (configFileInUse?: () => Promise<boolean | undefined>) => {
    const results = await runChecks({ ...homelab.input, configFileInUse });
    expect(broken(results).map((one) => one.id)).toEqual(
      results.find((one) => one.id === "config-file")?.verdict === "broken" ? ["config-file"] : [],
    );
    return results.find((one) => one.id === "config-file");
  };

  test.each([
    ["it has", async () => true, "broken", /container has IMMICH_CONFIG_FILE/],
    ["it has not", async () => false, "ok", /database/],
    ["it can't be seen", async () => undefined, "unknown", /features.*can't be looked at/],
    ["no SSH", () => Promise.reject(new Error("SSH: refused")), "unknown", /SSH: refused/],
    ["nobody looks", undefined, "unknown", /HTTP 404/],
  ])("its container does: %s", async (_, look, expected, seen) => {
    expect(await verdict(look)).toMatchObject({
      verdict: expected,
      seen: expect.stringMatching(seen) as string,
    });
  });
});

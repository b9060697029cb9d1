import fc from "fast-check";
import { ExactNumber, parse, stringify } from "../../immich/json";
import { defaultOf, isKnown, isSecret, KEYS } from "../../immich/keys";
import { asImmichReads, effective, get, leaves, toPath } from "../../immich/reading";
import type { StoreName } from "../../immich/types";
import {
  atLeast,
  compareVersions,
  needsRestart,
  parseVersion,
  storeOf,
} from "../../immich/version";
import { documentText, jsonText } from "../support/immichArbitraries";

describe("versions", () => {
  test.each([
    ["1.135.3", [1, 135, 3]],
    ["v3.2.2", [3, 2, 2]],
    [" 1.106.0-rc.2 ", [1, 106, 0]],
    ["2", [2, 0, 0]],
    ["release", undefined],
    ["", undefined],
    ["1.2.3.4", undefined],
  ])("%j", (text, numbers) => expect(parseVersion(text)).toEqual(numbers));

  test("are compared by number, not by text", () => {
    expect(compareVersions("1.99.0", "1.106.0")).toBeLessThan(0);
    expect(compareVersions("v1.106.0", "1.106")).toBe(0);
    expect(atLeast("3.0.0", "1.138.1")).toBe(true);
    expect(() => compareVersions("main", "1.0.0")).toThrow(RangeError);
  });

  test.each([
    ["1.105.1", "system_config", true],
    ["1.106.0", "system_metadata", true],
    ["1.106.2", "system_metadata", true],
    ["1.106.3", "system_metadata", false],
    ["3.2.2", "system_metadata", false],
  ])("%s keeps its settings in %s and needs a restart: %s", (version, store, restart) => {
    expect(storeOf(version)).toBe(store);
    expect(needsRestart(version)).toBe(restart);
  });
});

describe("the table of settings", () => {
  // As a real 1.135.3 and 1.105.1 answered GET /api/system-config/defaults.
  const newer = {
    ...{ autoLaunch: false, autoRegister: true, buttonText: "Login with OAuth", clientId: "" },
    ...{ clientSecret: "", defaultStorageQuota: null, enabled: false, issuerUrl: "" },
    ...{ mobileOverrideEnabled: false, mobileRedirectUri: "", scope: "openid email profile" },
    ...{ signingAlgorithm: "RS256", profileSigningAlgorithm: "none", timeout: 30000 },
    ...{ storageLabelClaim: "preferred_username", storageQuotaClaim: "immich_quota" },
    ...{ tokenEndpointAuthMethod: "client_secret_post" },
  };
  const older: Record<string, unknown> = { ...newer, defaultStorageQuota: 0 };
  for (const name of ["profileSigningAlgorithm", "timeout", "tokenEndpointAuthMethod"]) {
    delete older[name];
  }

  test.each([
    ["1.135.3", "system_metadata", newer],
    ["1.105.1", "system_config", older],
  ])("has the settings and defaults of a real %s", (version, store, defaults) => {
    const name = store as StoreName;
    const known = Object.keys(KEYS).filter(
      (key) => key.startsWith("oauth.") && isKnown(key, version, name),
    );
    const found = known.map((key) => [key.slice(6), defaultOf(key, version, name)]);
    expect(Object.fromEntries(found)).toEqual(defaults);
  });

  test.each([
    ["1.42.0", 10],
    ["1.68.0", 11],
    ["1.95.0", 12],
    ["1.98.0", 14],
    ["1.109.0", 15],
    ["1.133.0", 17],
    ["1.138.1", 18],
    ["3.0.0", 21],
    ["3.1.0", 21],
    ["3.2.2", 22],
  ])("Immich %s knows %i OAuth settings", (version, count) => {
    const known = Object.keys(KEYS).filter(
      (key) => key.startsWith("oauth.") && isKnown(key, version, storeOf(version)),
    );
    expect(known).toHaveLength(count);
  });

  test("of an unknown version, only what all versions of the store know is known", () => {
    const known = (store: StoreName): string[] =>
      Object.keys(KEYS).filter((key) => isKnown(key, undefined, store));
    expect(known("system_config")).not.toContain("oauth.storageLabelClaim");
    expect(known("system_metadata")).toContain("oauth.storageLabelClaim");
    expect(known("system_metadata")).not.toContain("oauth.timeout");
  });

  test("every default is allowed, or is the empty text that stands for nothing", () => {
    for (const [name, key] of Object.entries(KEYS)) {
      for (const { value, since } of key.defaults) {
        expect([name, value === "" || key.rule.accepts(value, since)]).toEqual([name, true]);
      }
    }
  });

  test("the secret, and what is not known, are secret", () => {
    expect(isSecret("oauth.clientSecret")).toBe(true);
    expect(isSecret("oauth.clientId")).toBe(false);
    expect(isSecret("__proto__")).toBe(true);
  });
});

describe("JSON without loss", () => {
  test.each(["1e400", "12345678901234567890", "1.10", '{"a":[-0.10,{"b":1E5}]}', '"1e400 \\" 2"'])(
    "%s",
    (text) => expect(stringify(parse(text))).toBe(text),
  );

  test("ordinary numbers are numbers, others know their text", () => {
    expect(parse("[1,2.5,-3]")).toEqual([1, 2.5, -3]);
    expect(parse("1.0")).toEqual(new ExactNumber("1.0"));
  });

  test("texts of millions of letters and escapes", () => {
    const text = JSON.stringify({ theme: { customCss: 'a"\\'.repeat(300_000), days: 1 } });
    expect(stringify(parse(text)) === text).toBe(true);
  });

  test.each(["", "{", "immich", "007", "[1,]", "1.", "'x'", "NaN"])("%j is not JSON", (text) =>
    expect(() => parse(text)).toThrow(SyntaxError),
  );

  test("any value is what JSON.parse makes of it, and comes out as it went in", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const out = stringify(parse(text));
        expect(JSON.parse(out)).toEqual(JSON.parse(text));
        expect(stringify(parse(out))).toBe(out);
      }),
      { numRuns: 300 },
    );
  });
});

describe("reading as Immich does", () => {
  test.each([
    ["oauth.enabled", ["oauth", "enabled"]],
    ["oauth[enabled]", ["oauth", "enabled"]],
    ['oauth["client.Id"]', ["oauth", "client.Id"]],
    ["a[0].b", ["a", "0", "b"]],
    ["", []],
    [".a", ["", "a"]],
    ["a..b", ["a", "", "b"]],
  ])("the path %j", (property, path) => expect(toPath(property)).toEqual(path));

  const value = (
    document: unknown,
    name: string,
    store: StoreName = "system_metadata",
    version: string | undefined = "1.135.3",
  ): unknown => {
    const overrides = leaves(document).map((property) => ({
      property,
      value: get(document, property),
    }));
    return effective(asImmichReads(overrides, version, store), name);
  };

  test.each([
    ["its default", {}, "oauth.scope", "openid email profile"],
    ["nested", { oauth: { enabled: true } }, "oauth.enabled", true],
    ["flat", { "oauth.enabled": true }, "oauth.enabled", true],
    [
      "flat before nested",
      { "oauth.enabled": true, oauth: { enabled: false } },
      "oauth.enabled",
      true,
    ],
    ["null", { oauth: { clientId: null } }, "oauth.clientId", null],
    ["an empty object is nothing", { oauth: { clientId: {} } }, "oauth.clientId", ""],
    ["an array whole", { oauth: { scope: ["a"] } }, "oauth.scope", ["a"]],
    ['"true"', { oauth: { enabled: "true" } }, "oauth.enabled", true],
    ['"false"', { oauth: { enabled: "false" } }, "oauth.enabled", false],
    ['"yes" as it is', { oauth: { enabled: "yes" } }, "oauth.enabled", "yes"],
    ["text stays text", { oauth: { buttonText: "true" } }, "oauth.buttonText", "true"],
    ["a leaf inside a switch", { oauth: { enabled: { x: 1 } } }, "oauth.enabled", { x: 1 }],
  ])("%s", (_what, document, name, expected) => expect(value(document, name)).toEqual(expected));

  test("the old store takes the text for what it is", () => {
    expect(value({ oauth: { enabled: "false" } }, "oauth.enabled", "system_config")).toBe("false");
  });

  test("so did the first versions of the new one; of an unknown version, nothing is taken for off", () => {
    const document = { oauth: { enabled: "false" } };
    expect(value(document, "oauth.enabled", "system_metadata", "1.106.1")).toBe("false");
    expect(
      effective(
        asImmichReads(
          [{ property: "oauth.enabled", value: "false" }],
          undefined,
          "system_metadata",
        ),
        "oauth.enabled",
      ),
    ).toBe("false");
  });

  test("nothing stored can reach JavaScript's own objects", () => {
    fc.assert(
      fc.property(documentText("3.2.2"), (text) => {
        value(JSON.parse(text), "oauth.enabled");
        expect(Object.keys(Object.prototype)).toEqual([]);
        expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
      }),
      { numRuns: 100 },
    );
    value(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"p":1}}}'), "a");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["p"]).toBeUndefined();
  });
});

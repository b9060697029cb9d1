/** Random Immich settings and random rows of a database, for property tests. */
import fc from "fast-check";
import { KEYS, isKnown } from "../../immich/keys";
import { parse, stringify } from "../../immich/json";
import { SECTIONS } from "../../immich/reading";
import type { SettingValue, Settings, SettingsStore } from "../../immich/types";

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 _-]{0,8}[A-Za-z0-9]$/);
const url = fc.webUrl({ validSchemes: ["https"], withQueryParameters: false });
const algorithm = fc.constantFrom("RS256", "ES256", "PS512", "EdDSA");

/** Values that the rules of this project allow, by setting. */
const ALLOWED: Readonly<Record<string, fc.Arbitrary<SettingValue>>> = {
  "oauth.issuerUrl": url,
  "oauth.clientId": word,
  "oauth.clientSecret": word,
  "oauth.scope": fc.constantFrom("openid email profile", "openid email", "email openid immich"),
  "oauth.buttonText": fc.oneof(word, fc.constantFrom("Mit 'Authentik' \"rein\"", "🖼 ログイン")),
  "oauth.mobileRedirectUri": fc.oneof(url, fc.constant("")),
  "oauth.storageLabelClaim": fc.constantFrom("preferred_username", "uid"),
  "oauth.storageQuotaClaim": fc.constantFrom("immich_quota", "quota"),
  "oauth.roleClaim": fc.constantFrom("immich_role", "role"),
  "oauth.signingAlgorithm": algorithm,
  "oauth.profileSigningAlgorithm": fc.constant("none"),
  "oauth.defaultStorageQuota": fc.nat().map((quarters) => quarters / 4),
  "oauth.timeout": fc.integer({ min: 1, max: 2_147_483_647 }),
  "oauth.tokenEndpointAuthMethod": fc.constantFrom("client_secret_post", "client_secret_basic"),
  "oauth.prompt": fc.constantFrom("", "login", "select_account consent"),
  "oauth.endSessionEndpoint": fc.oneof(url, fc.constant("")),
  "oauth.accountManagementUrl": fc.oneof(url, fc.constant("")),
  "server.externalDomain": fc.oneof(url, fc.constant("")),
};

/** A value that may be given for a setting. */
export function allowedValue(name: string): fc.Arbitrary<SettingValue> {
  return ALLOWED[name] ?? fc.boolean();
}

/** The settings that an Immich of this version knows. */
export function knownKeys(version: string, store: SettingsStore): string[] {
  return Object.keys(KEYS).filter((name) => isKnown(name, version, store));
}

/** Some settings to own, with values that are allowed. Password login is left alone: it can lock everybody out. */
export function ownedSettings(version: string, store: SettingsStore): fc.Arbitrary<Settings> {
  const names = knownKeys(version, store).filter(
    (name) => !["passwordLogin.enabled", "oauth.mobileOverrideEnabled"].includes(name),
  );
  return fc
    .subarray(names, { minLength: 1 })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((n) => [n, allowedValue(n)]))))
    .map((settings): Settings => ({ ...settings }));
}

/** JSON text of numbers that a double changes, and of some that it does not. */
const numberText = fc.constantFrom(
  ...["1e400", "-1e-400", "123456789012345678901234567890", "1.10", "0.1", "42", "-7", "2.50e3"],
);

const name = fc.oneof(
  fc.stringMatching(/^[a-z]{1,6}$/),
  fc.constantFrom("", "__proto__", "constructor", "toString", "1", "0", "-", "ключ", 'a"b', "a\\b"),
);

/** JSON text of any value, deep. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("null", "true", "false", '""', '"text"', "[]", "{}"),
    numberText,
    fc.string().map((text) => JSON.stringify(text.replaceAll("\u0000", ""))),
    fc.array(tie("any"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
    fc.dictionary(name, tie("any"), { maxKeys: 4 }).map(objectText),
  ),
})).any;

function objectText(object: Record<string, string>): string {
  const entries = Object.entries(object).map(([key, text]) => `${JSON.stringify(key)}:${text}`);
  return `{${entries.join(",")}}`;
}

const topSections = SECTIONS.filter((section) => !section.includes("."));

/** JSON text of a document that Immich starts with: overrides, unknown settings, flat dotted names, odd names. */
export function documentText(version: string): fc.Arbitrary<string> {
  const names = knownKeys(version, "system_metadata").filter(
    (key) => !["passwordLogin.enabled", "oauth.mobileOverrideEnabled"].includes(key),
  );
  const stored = fc.subarray(names).chain((chosen) =>
    fc.tuple(
      ...chosen.map((key) =>
        fc.record({
          key: fc.constant(key),
          value: allowedValue(key),
          how: fc.constantFrom("nested", "nested", "flat", "both", "bracket"),
        }),
      ),
    ),
  );
  const others = fc.dictionary(
    fc.constantFrom("ffmpeg", "trash", "job", "unknown", "theme", "oauth", "server"),
    fc.dictionary(fc.stringMatching(/^x[a-z]{1,4}$/), jsonText, { maxKeys: 3 }).map(objectText),
  );
  const odd = fc.dictionary(
    name.filter((text) => !topSections.includes(text)),
    jsonText,
    { maxKeys: 3 },
  );
  return fc.tuple(stored, others, odd).map(([settings, sections, rest]) => {
    const document = new Map<string, string>(Object.entries(rest));
    const groups = new Map(
      Object.entries(sections).map(([section, text]) => [section, new Map(entriesOf(text))]),
    );
    for (const { key, value, how } of settings) {
      const [section = "", leaf = ""] = key.split(".");
      const text = JSON.stringify(value);
      if (how === "flat" || how === "both") document.set(key, text);
      if (how === "bracket") document.set(`${section}["${leaf}"]`, text);
      if (how === "nested" || how === "both") {
        const group = groups.get(section) ?? new Map<string, string>();
        group.set(leaf, how === "both" ? '"hidden by the flat one"' : text);
        groups.set(section, group);
      }
    }
    for (const [section, group] of groups) document.set(section, objectText(fromMap(group)));
    return objectText(fromMap(document));
  });
}

function entriesOf(text: string): [string, string][] {
  return Object.entries(parse(text) as object).map(([key, value]) => [key, stringify(value)]);
}

function fromMap(map: Map<string, string>): Record<string, string> {
  return Object.fromEntries(map);
}

/** Rows of the old store that Immich starts with, their text in every way it may be written. */
export function configRows(version: string): fc.Arbitrary<Record<string, string | null>> {
  const names = knownKeys(version, "system_config").filter(
    (key) => !["passwordLogin.enabled", "oauth.mobileOverrideEnabled"].includes(key),
  );
  const known = fc.subarray(names).chain((chosen) =>
    fc.record(
      Object.fromEntries(
        chosen.map((key) => [
          key,
          allowedValue(key).chain((value) =>
            fc.constantFrom(
              JSON.stringify(value),
              ` ${JSON.stringify(value)}\n`,
              JSON.stringify(value).replace(/e/g, (c) =>
                typeof value === "string" ? "\\u0065" : c,
              ),
            ),
          ),
        ]),
      ),
    ),
  );
  const others = fc.dictionary(
    fc.stringMatching(/^x[a-z]{0,3}\.[a-z]{1,4}$/),
    fc.oneof(jsonText, fc.constant(null)),
    { maxKeys: 4 },
  );
  return fc.tuple(known, others).map(([a, b]) => ({ ...a, ...b }));
}

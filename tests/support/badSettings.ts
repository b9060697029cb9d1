/**
 * Bad settings and bad rows, each with what a real Immich does with it. The tests try every one, and docs/bad-settings.md
 * is made from them: node -r ./register.js tests/support/badSettings.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SettingsError } from "../../immich/errors";
import { parse } from "../../immich/json";
import type { ApplyOptions } from "../../immich/options";
import { planApply } from "../../immich/plan";
import { systemConfig } from "../../immich/stores/systemConfig";
import { systemMetadata } from "../../immich/stores/systemMetadata";
import type { Settings, SettingValue, StoreName } from "../../immich/types";

/** Settings that every version takes, and a login works with. */
export const GOOD: Settings = {
  "oauth.enabled": true,
  "oauth.issuerUrl": "https://auth.example.test/application/o/immich/",
  "oauth.clientId": "immich-oauth-client",
  "oauth.clientSecret": "the-secret-of-the-good-settings",
};

/** A text that stands for a secret in the cases: no message may hold it. */
export const CANARY = "canary-7f3a";

/** A setting that is refused. */
export interface BadInput {
  readonly setting: string;
  readonly value: unknown;
  /** Default 1.135.3; null: not known. */
  readonly version?: string | null;
  /** What Immich would do with it. */
  readonly effect: string;
  /** Given beside it (in the place of the good ones). */
  readonly beside?: Settings;
}

const LOGIN_500 = "button shown, 500 at the click";
const CALLBACK_500 = "login fails after the consent";
const LOGGED = "logged with its value, ignored";
const NOT_BOOLEAN = "taken for on";

const input = (setting: string, effect: string, ...values: unknown[]): BadInput[] =>
  values.map((value) => ({ setting, value, effect }));

/** Every bad setting that was tried. */
export const BAD_INPUTS: readonly BadInput[] = [
  ...input("oauth.enabled", NOT_BOOLEAN, "yes", "True", "true", 1),
  ...input("oauth.enabled", "taken for off", 0, null),
  ...input("oauth.clientId", LOGIN_500, "", null, 5),
  ...input("oauth.clientId", "the provider does not know the client", "immich ", " immich", "a\n"),
  ...input("oauth.clientId", "the provider does not know the client", "immich\u200b"),
  ...input("oauth.clientSecret", CALLBACK_500, "", null, `${CANARY}\n`, ` ${CANARY}`, 5),
  ...input("oauth.issuerUrl", LOGIN_500, "", null, "not a url", "ftp://auth.example.test/"),
  ...input("oauth.issuerUrl", LOGIN_500, `https://admin:${CANARY}@auth.example.test/`),
  ...input("oauth.issuerUrl", "the issuer does not match", "https://auth.example.test/ "),
  ...input("oauth.issuerUrl", "the issuer does not match", "https://auth.example.test/?a=b"),
  ...input(
    "oauth.issuerUrl",
    "works in some versions, is not the issuer",
    "https://auth.example.test/.well-known/openid-configuration",
  ),
  ...input("oauth.scope", CALLBACK_500, "openid profile", "email profile", "", null),
  ...input("oauth.scope", CALLBACK_500, "openid,email,profile", ["openid", "email"]),
  ...input("oauth.scope", CALLBACK_500, "openid  email", "openid email ", "openid\temail"),
  ...input("oauth.signingAlgorithm", CALLBACK_500, "", null, "HS256", "none", "rs256"),
  ...input("oauth.profileSigningAlgorithm", CALLBACK_500, "RS256", "RS1"),
  ...input("oauth.profileSigningAlgorithm", "a Save in Immich fails", "", null),
  ...input("oauth.tokenEndpointAuthMethod", CALLBACK_500, "none", "private_key_jwt", "", null),
  ...input("oauth.timeout", "every login fails at once", 0, -1),
  ...input("oauth.timeout", "a Save in Immich fails", 1.5, "30000", null),
  ...input("oauth.defaultStorageQuota", "the callback answers 500", "abc"),
  ...input("oauth.defaultStorageQuota", "a user with a quota below zero", -1),
  ...input("oauth.defaultStorageQuota", "no whole number of bytes: the callback answers 500", 0.1),
  ...input("oauth.defaultStorageQuota", "too big for its column: the callback answers 500", 1e10),
  {
    ...{ setting: "oauth.defaultStorageQuota", value: null, version: "1.134.0" },
    effect: "a Save in Immich fails",
  },
  {
    ...{ setting: "oauth.defaultStorageQuota", value: 5, version: null },
    effect: "its default is 0 or null, by version",
  },
  ...input("oauth.buttonText", "forgotten at the next Save, which then looks like drift", "", " "),
  ...input("oauth.buttonText", "PostgreSQL refuses it", `a${"\u0000"}b`),
  ...input("oauth.buttonText", "a Save in Immich fails", 5, null),
  ...input("oauth.autoRegister", "registers users", "no"),
  ...input("oauth.autoRegister", "registers nobody", null),
  ...input("oauth.autoLaunch", NOT_BOOLEAN, "false"),
  ...input("oauth.storageLabelClaim", "forgotten at the next Save", "", "a b", null),
  ...input("oauth.mobileRedirectUri", "a Save in Immich fails", "app.immich:///", "nonsense", null),
  {
    ...{ setting: "oauth.mobileOverrideEnabled", value: true },
    effect: "the app's login fails, and so does a Save in Immich",
  },
  {
    ...{ setting: "oauth.mobileRedirectUri", value: "http://localhost/api/oauth/mobile-redirect" },
    beside: { "oauth.mobileOverrideEnabled": true },
    effect: "a Save in Immich fails",
  },
  { setting: "oauth.roleClaim", value: "", version: "3.2.2", effect: "forgotten at the next Save" },
  { setting: "oauth.prompt", value: "none", version: "3.2.2", effect: "the provider asks nobody" },
  { setting: "oauth.endSessionEndpoint", value: "x", version: "3.2.2", effect: "logout fails" },
  {
    ...{ setting: "oauth.issuerUrl", value: "http://auth.example.test/application/o/immich/" },
    ...{ version: "3.0.0", effect: "refused without oauth.allowInsecureRequests" },
  },
  { setting: "oauth.allowInsecureRequests", value: true, effect: LOGGED },
  { setting: "oauth.roleClaim", value: "immich_role", effect: LOGGED },
  { setting: "oauth.timeout", value: 5000, version: "1.132.3", effect: LOGGED },
  { setting: "oauth.timeout", value: 5000, version: null, effect: "logged, where it is not known" },
  { setting: "oauth.signingAlgorithm", value: "RS256", version: "1.94.1", effect: LOGGED },
  { setting: "oauth.clientSecrt", value: CANARY, effect: LOGGED },
  { setting: "newVersionCheck.enabled", value: false, effect: "works; not this project's" },
  ...input("server.externalDomain", "Immich does not start", "photos.example.test", null),
  {
    ...{ setting: "passwordLogin.enabled", value: false, beside: { "oauth.enabled": false } },
    effect: "nobody can log in",
  },
  {
    ...{ setting: "oauth.enabled", value: true, beside: { "oauth.clientId": "immich" } },
    effect: LOGIN_500,
  },
];

/** Something stored that is refused, or that is fine although it looks odd. */
export interface StoredCase {
  readonly store: StoreName;
  /** The row's JSON text, or the rows' texts. */
  readonly stored: string | Readonly<Record<string, string | null>>;
  /** What a real Immich does with it. */
  readonly effect: string;
  /** Default 1.135.3 and 1.105.1. */
  readonly version?: string;
}

const NO_START = "Immich does not start; a running one answers 500";
const RESET = "the whole configuration silently falls back to defaults";

const row = (effect: string, ...stored: string[]): StoredCase[] =>
  stored.map((text) => ({ store: "system_metadata", stored: text, effect }));

const rows = (effect: string, ...stored: Record<string, string | null>[]): StoredCase[] =>
  stored.map((texts) => ({ store: "system_config", stored: texts, effect }));

/** Every stored thing that was tried and is refused. */
export const BAD_ROWS: readonly StoredCase[] = [
  ...row(NO_START, '{"oauth":null}', '{"oauth":[]}', '{"oauth":"on"}', '{"oauth":true}'),
  ...row(NO_START, '{"server":null}', '{"passwordLogin":null}', '{"notifications":{"smtp":null}}'),
  ...row(NO_START, '{"notifications.smtp":null}', '{"ffmpeg":{"acceptedVideoCodecs":null}}'),
  ...row(NO_START, '{"server":{"externalDomain":"photos.example.test"}}'),
  ...row(NO_START, '{"server":{"externalDomain":null}}', '{"server.externalDomain":"no url"}'),
  ...row(RESET, `"{\\"oauth\\":{\\"clientSecret\\":\\"${CANARY}\\"}}"`, `"${CANARY}"`),
  ...row(RESET, "null", "[]", "5", "1e400", "true"),
  ...row(CALLBACK_500, '{"oauth":{"tokenEndpointAuthMethod":"bogus"}}'),
  ...row("every login fails at once", '{"oauth":{"timeout":0}}'),
  ...row(CALLBACK_500, '{"oauth":{"scope":null}}', '{"oauth":{"scope":["openid","email"]}}'),
  ...row(CALLBACK_500, '{"oauth":{"scope":"openid,email"}}', '{"oauth.scope":"openid"}'),
  ...row(CALLBACK_500, '{"oauth":{"signingAlgorithm":""}}', '{"oauth":{"signingAlgorithm":null}}'),
  ...row(CALLBACK_500, '{"oauth":{"profileSigningAlgorithm":"RS256"}}'),
  ...row("the callback answers 500", '{"oauth":{"defaultStorageQuota":"abc"}}'),
  ...row("a user with a quota below zero", '{"oauth":{"defaultStorageQuota":-1}}'),
  ...row("the app's login fails", '{"oauth":{"mobileOverrideEnabled":true}}'),
  ...row("hides the switch from Immich", '{"oauth":{"enabled.x":1}}'),
  ...rows("Immich does not start", { "oauth.clientId": "immich" }, { "oauth.clientId": "" }),
  ...rows("Immich does not start", { "oauth.clientSecret": CANARY }, { "trash.days": "{" }),
  ...rows("Immich does not start", { oauth: "null" }, { server: '"x"' }),
  ...rows(CALLBACK_500, { "oauth.scope": "null" }, { "oauth.scope": '"openid,email"' }),
  ...rows(CALLBACK_500, { "oauth.scope": null }, { "oauth.signingAlgorithm": '""' }),
  ...rows("a user with a quota below zero", { "oauth.defaultStorageQuota": "-1" }),
];

/** Every stored thing that was tried, looks odd, and is left as it is. */
export const ODD_ROWS: readonly StoredCase[] = [
  ...row("logged with its value, ignored", '{"oauth":{"foo":"x"},"unknown":{"a":null}}'),
  ...row("converted", '{"oauth":{"enabled":"true"}}'),
  ...row("on", '{"oauth":{"autoRegister":"no"}}'),
  ...row("no storage label", '{"oauth":{"storageLabelClaim":null}}'),
  ...row("its default", '{"oauth":{}}', "{}", '{"oauth":{"enabled":{}}}'),
  ...row("none", '{"oauth":{"profileSigningAlgorithm":""}}'),
  ...row("none", '{"oauth":{"profileSigningAlgorithm":null}}'),
  ...row("read like a nested one", '{"oauth.buttonText":"Flat"}'),
  ...row("a number no double holds", '{"trash":{"days":123456789012345678901234567890.10}}'),
  ...rows("logged, ignored", { "oauth.foo": '"x"' }),
  ...rows("null", { "trash.days": null }),
  ...rows("on", { "oauth.enabled": '"true"' }),
];

/** What `apply` is told in a case. */
export function optionsFor(store: StoreName, version: string | undefined): ApplyOptions {
  return { store, version, settings: GOOD };
}

/** The version a case is tried with. */
export function versionOf({ store, version }: StoredCase): string {
  return version ?? (store === "system_config" ? "1.105.1" : "1.135.3");
}

/** The settings of a case: the good ones, and the bad one. */
export function settingsFor({ setting, value, beside }: BadInput): Settings {
  return { ...(beside ?? GOOD), [setting]: value as SettingValue };
}

/** What is thrown at somebody who gives this. */
export function refusalOfInput(bad: BadInput): SettingsError {
  const version = bad.version === null ? undefined : (bad.version ?? "1.135.3");
  const store = version !== undefined && version.startsWith("1.94") ? "system_config" : undefined;
  const options = optionsFor(store ?? "system_metadata", version);
  const settings = settingsFor(bad);
  return refusal(() =>
    store === undefined
      ? planApply(systemMetadata, { value: {} }, { ...options, settings })
      : planApply(systemConfig, {}, { ...options, settings }),
  );
}

/** What is thrown at somebody whose database has this. */
export function refusalOfRow(bad: StoredCase): SettingsError {
  return refusal(() => planFor(bad));
}

/** What is planned over what is stored in a case. */
export function planFor(stored: StoredCase): unknown {
  const options = optionsFor(stored.store, versionOf(stored));
  return typeof stored.stored === "string"
    ? planApply(systemMetadata, { value: parse(stored.stored) }, options)
    : planApply(systemConfig, stored.stored, options);
}

function refusal(work: () => unknown): SettingsError {
  try {
    work();
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

/** The lines of a message that say what is wrong; all of it where there are none. */
function lines(error: SettingsError): string {
  const found = error.message.split("\n  - ").slice(1);
  const text = found.length === 0 ? [error.message.replace(/^[^:]*: /, "")] : found;
  return text.map((line) => line.split("\n")[0] ?? "").join(" — ");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", "\\n");
const code = (text: string): string =>
  `\`${cell(text).replace(/\p{Cf}/gu, (c) => `\\u${c.charCodeAt(0).toString(16)}`)}\``;

function storedText(stored: StoredCase["stored"]): string {
  if (typeof stored === "string") return stored;
  const [key, text] = Object.entries(stored)[0] ?? ["", null];
  return text === null
    ? `${key} is NULL`
    : text === ""
      ? `${key} is empty text`
      : `${key} → ${text}`;
}

/** The page of the docs. */
export function page(): string {
  const inputs = BAD_INPUTS.map((bad) => {
    const given = JSON.stringify(bad.value);
    const version = bad.version === null ? "not known" : (bad.version ?? "1.135.3");
    return `| ${code(bad.setting)} | ${code(given)} | ${version} | ${bad.effect} | ${cell(lines(refusalOfInput(bad)))} |`;
  });
  const bad = BAD_ROWS.map(
    (stored) =>
      `| ${stored.store} | ${code(storedText(stored.stored))} | ${stored.effect} | ${cell(lines(refusalOfRow(stored)))} |`,
  );
  const odd = ODD_ROWS.map(
    (stored) => `| ${stored.store} | ${code(storedText(stored.stored))} | ${stored.effect} |`,
  );
  return `# Bad settings and bad rows

<!-- prettier-ignore-start -->

Everything here was tried, and is tried by every run of the tests: nothing is written, the row stays as it is, and the
message says what to do. This page is made from the cases of the tests, by
\`node -r ./register.js tests/support/badSettings.ts\`.

## Settings that are refused

What Immich would do with each was measured on 1.135.3 and 1.105.1, or read in its sources and published types. Of all that is wrong, all is said at once. Secrets, and settings that are not known (one might be a secret,
misspelled), are never shown.

| setting | value | Immich | what it would do | the message |
| --- | --- | --- | --- | --- |
${inputs.join("\n")}

## What is stored already and is refused

Nothing is built on a row that keeps Immich from starting, is silently ignored, or breaks the login. \`psql\` in the
messages is the command for your own host.

| table | stored | what Immich does with it | the message |
| --- | --- | --- | --- |
${bad.join("\n")}

## What is stored, looks odd, and stays

| table | stored | what Immich does with it |
| --- | --- | --- |
${odd.join("\n")}

<!-- prettier-ignore-end -->
`;
}

/** Where the page is. */
export const PAGE = join(__dirname, "..", "..", "docs", "bad-settings.md");

if (require.main === module) writeFileSync(PAGE, page());

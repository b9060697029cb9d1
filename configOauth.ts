/** What the configuration says of Immich's OAuth settings by Immich's own names, and of what users may have there. */
import type { Reader } from "./configReader";
import { isKnown, keyOf, KEYS } from "./immich/keys";
import type { SettingValue } from "./immich/types";
import { quota } from "./immich/rules";
import { storeOf } from "./immich/version";

const PREFIX = "oauth.";

/** Immich's names of the settings that this program decides by keys of their own. */
const OWN: Readonly<Record<string, string>> = {
  enabled: "none: it is what this program is for",
  issuerUrl: "authentikPublicUrl and applicationSlug",
  clientId: "clientId",
  clientSecret: "clientSecret",
  scope: "scopes",
  buttonText: "buttonText",
  autoRegister: "autoRegister",
  autoLaunch: "autoLaunch",
  endSessionEndpoint: "authentikPublicUrl and applicationSlug",
  allowInsecureRequests: "authentikPublicUrl: it follows from http or https",
};

/** Those that it decides where another key is set. */
const OWN_WITH: Readonly<Record<string, string>> = {
  roleClaim: "adminGroups",
  storageQuotaClaim: "storageQuotas",
  storageLabelClaim: "storageLabelAttribute",
};

/** Names that a person may use in `oauthSettings`. */
export const SETTABLE = Object.keys(KEYS)
  .filter((key) => key.startsWith(PREFIX))
  .map((key) => key.slice(PREFIX.length))
  .filter((name) => !Object.hasOwn(OWN, name));

/**
 * More of Immich's OAuth settings, by Immich's names without `oauth.`: `{timeout: 30000}`.
 * @param decided whether a key that decides some of them too is set
 */
export function readOauthSettings(
  reader: Reader,
  decided: (key: string) => boolean,
): Readonly<Record<string, SettingValue>> {
  const key = "oauthSettings";
  const settings = reader.map(key);
  for (const [name, value] of Object.entries(settings)) {
    const place = `${key}.${name}`;
    const rule = keyOf(`${PREFIX}${name}`)?.rule;
    const own = ownKey(name, decided);
    if (own !== undefined) reader.refuseEntry(place, value, `nothing; the key for it is ${own}`);
    else if (rule === undefined) reader.refuseEntry(place, value, `one of ${SETTABLE.join(", ")}`);
    else if (!rule.accepts(value, undefined)) reader.refuseEntry(place, value, rule.allowed);
  }
  return settings as Record<string, SettingValue>;
}

/** The key of its own that decides a setting. */
function ownKey(name: string, decided: (key: string) => boolean): string | undefined {
  if (Object.hasOwn(OWN, name)) return OWN[name];
  const key = Object.hasOwn(OWN_WITH, name) ? OWN_WITH[name] : undefined;
  return key !== undefined && decided(key) ? key : undefined;
}

/** By group of Authentik, a number of GiB. */
function readQuotas(reader: Reader): Readonly<Record<string, number>> {
  const key = "storageQuotas";
  const quotas = reader.map(key);
  for (const [group, size] of Object.entries(quotas))
    if (typeof size !== "number" || !quota.accepts(size, undefined))
      reader.refuseEntry(
        `${key}[${JSON.stringify(group)}]`,
        size,
        "a number of GiB from 0 to 8589934591 that comes to whole bytes (0.5 does, 0.1 does not)",
      );
  return quotas as Record<string, number>;
}

/** Those of the settings that an Immich of this version does not know, with the version that does. */
export function unknownSettings(
  settings: Readonly<Record<string, SettingValue>>,
  version: string,
): { readonly name: string; readonly since: string }[] {
  return Object.keys(settings)
    .filter((name) => !isKnown(`${PREFIX}${name}`, version, storeOf(version)))
    .map((name) => ({ name, since: KEYS[`${PREFIX}${name}`]?.since ?? "" }));
}

/**
 * What users of Authentik get in Immich.
 * @param repeated what is wrong with an item that is in a list already
 */
export function readGrants(reader: Reader, repeated: Parameters<Reader["list"]>[2]) {
  const grants = {
    adminGroups: reader.list("adminGroups", "admins", repeated),
    adminGroupsDemote: reader.flag("adminGroupsDemote") ?? false,
    storageQuotas: readQuotas(reader),
    storageLabelAttribute: reader.text("storageLabelAttribute", {
      example: "immich_label",
      optional: true,
    }),
  };
  if (grants.adminGroupsDemote && grants.adminGroups.length === 0)
    reader.refuse(
      "adminGroupsDemote",
      "true",
      "true only with adminGroups: nobody at all would be an administrator",
      "false",
    );
  return grants;
}

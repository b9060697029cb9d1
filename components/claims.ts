/** What Authentik tells Immich of a user besides who it is: scope mappings, each with a scope and a claim of its own. */
import type { ScopeMappingArgs } from "./oidcApplication";

/** One thing to tell: the scope that carries it, and the claim that Immich's setting names. */
export interface Told {
  readonly scope: string;
  readonly claim: string;
}

/** `oauth.roleClaim`: `admin` or `user`. */
export const ROLE: Told = { scope: "immich", claim: "immich_role" };
/** `oauth.storageQuotaClaim`: a number of GiB. */
export const QUOTA: Told = { scope: "immich_quota", claim: "immich_quota" };
/** `oauth.storageLabelClaim`: the name of the user's folder. */
export const LABEL: Told = { scope: "immich_storage_label", claim: "immich_storage_label" };

/** What decides what users are told. */
export interface Grants {
  /** Groups whose members are administrators. */
  readonly adminGroups: readonly string[];
  /** Whether everybody else is told to be a `user`: since 3.1 Immich takes an administrator's rights away then. */
  readonly adminGroupsDemote: boolean;
  /** By group, a number of GiB; whoever is in several has the most of them. */
  readonly storageQuotas: Readonly<Record<string, number>>;
  /** The attribute of a user that names the folder; empty: none does. */
  readonly storageLabelAttribute: string;
}

/** The scope mappings that these take, by a name that stays. */
export function claimMappings(
  applicationName: string,
  grants: Grants,
): Record<string, ScopeMappingArgs> {
  const mappings: Record<string, ScopeMappingArgs> = {};
  const { adminGroups, adminGroupsDemote, storageQuotas, storageLabelAttribute } = grants;
  if (adminGroups.length > 0)
    mappings["role"] = {
      name: `${applicationName}: role`,
      scopeName: ROLE.scope,
      description: `Administrator of ${applicationName} or user`,
      expression: roleExpression(adminGroups, adminGroupsDemote),
    };
  if (Object.keys(storageQuotas).length > 0)
    mappings["quota"] = {
      name: `${applicationName}: storage quota`,
      scopeName: QUOTA.scope,
      description: `Space in ${applicationName}`,
      expression: quotaExpression(storageQuotas),
    };
  if (storageLabelAttribute !== "")
    mappings["label"] = {
      name: `${applicationName}: storage label`,
      scopeName: LABEL.scope,
      description: `Folder in ${applicationName}`,
      expression: labelExpression(storageLabelAttribute),
    };
  return mappings;
}

/** Immich's settings for them, by its names without `oauth.`. */
export function claimSettings(grants: Grants): Record<string, string> {
  const { adminGroups, storageQuotas, storageLabelAttribute } = grants;
  return {
    ...(adminGroups.length > 0 ? { roleClaim: ROLE.claim } : {}),
    ...(Object.keys(storageQuotas).length > 0 ? { storageQuotaClaim: QUOTA.claim } : {}),
    ...(storageLabelAttribute === "" ? {} : { storageLabelClaim: LABEL.claim }),
  };
}

/**
 * Python: `admin` for members of any of the groups. To everybody else nothing is told, which leaves an administrator's
 * rights as they are, or else `user`, which takes them away.
 */
export function roleExpression(groups: readonly string[], demote: boolean): string {
  const claim = (role: string): string => `{${python(ROLE.claim)}: ${python(role)}}`;
  return `return ${claim("admin")} if ${memberOfAny(groups)} else ${demote ? claim("user") : "{}"}`;
}

/** Python: the largest quota of the user's groups. To whoever is in none of them nothing is told: Immich's default counts. */
export function quotaExpression(quotas: Readonly<Record<string, number>>): string {
  const sizes = [...new Set(Object.values(quotas))].sort((one, other) => other - one);
  const cases = sizes.map((size) => {
    const groups = Object.keys(quotas).filter((group) => quotas[group] === size);
    return `{${python(QUOTA.claim)}: ${size}} if ${memberOfAny(groups)} else `;
  });
  return `return ${cases.join("")}{}`;
}

/** Python: an attribute of the user, where it has one. */
export function labelExpression(attribute: string): string {
  const value = `request.user.attributes.get(${python(attribute)})`;
  return `return {${python(LABEL.claim)}: str(${value})} if ${value} else {}`;
}

function memberOfAny(groups: readonly string[]): string {
  return groups
    .map((group) => `ak_is_group_member(request.user, name=${python(group)})`)
    .join(" or ");
}

/**
 * A Python string literal. JSON's escapes are Python's. What Python takes for the end of a line is escaped too: Authentik
 * indents expressions line by line (textwrap.indent), which would put blanks into the text.
 */
function python(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What an application refers to in Authentik by name, and must be there already: flows, a certificate, scopes, groups. */
import { type AuthentikApi, type Fields, text } from "./api";

/** Names of what has to be there. */
export interface References {
  /** Slug of a flow of designation `authorization`. */
  readonly authorizationFlow: string;
  /** Slug of a flow of designation `invalidation`. */
  readonly invalidationFlow: string;
  /** Name of a certificate with its private key. */
  readonly signingKey: string;
  /** OAuth scopes, each with a mapping in Authentik. */
  readonly scopes: readonly string[];
  /** Names of groups, by what refers to them: `accessGroups[1]`. */
  readonly groups: Readonly<Record<string, string>>;
}

/** UUIDs of what was looked up. */
export interface Found {
  readonly authorizationFlow: string;
  readonly invalidationFlow: string;
  readonly signingKey: string;
  /** In the order in which Authentik answers them, so that nothing looks changed. */
  readonly scopeMappings: readonly string[];
  /** By name. */
  readonly groups: Readonly<Record<string, string>>;
  /** What each UUID is called, for messages. */
  readonly names: Readonly<Record<string, string>>;
}

/** One thing that is not there, or is of the wrong kind. */
export interface Problem {
  /** What refers to it: `signingKey`, `accessGroups[1]`. */
  readonly argument: string;
  readonly problem: string;
  /** What there is in its place; undefined where that is too much to tell. */
  readonly present?: string;
}

/**
 * The order in which Authentik answers the scope mappings of a provider, whatever order they were sent in: the
 * order in which it made them (its blueprint system/providers-oauth2.yaml), people's own after its own.
 */
const OWN_ORDER = ["openid", "email", "profile", "entitlements", "offline_access"];
const MANAGED = "goauthentik.io/providers/oauth2/scope-";

/** Looks everything up, in few requests. Says everything that is missing at once. */
export async function findReferences(
  api: AuthentikApi,
  references: References,
): Promise<Found | readonly Problem[]> {
  const groups = [...new Set(Object.values(references.groups))];
  const [flows, certificates, mappings, ...foundGroups] = await Promise.all([
    api.listOnce("flows/instances/"),
    api.listOnce("crypto/certificatekeypairs/?include_details=false"),
    api.listOnce("propertymappings/provider/scope/"),
    ...groups.map((name) => groupNamed(api, name)),
  ]);
  const problems: Problem[] = [];
  const flow = (designation: "authorization" | "invalidation"): string => {
    const slug = references[`${designation}Flow`];
    const found = flows.find((one) => one["slug"] === slug);
    if (found && found["designation"] === designation) return text(found, "pk");
    const fitting = flows.filter((one) => one["designation"] === designation);
    problems.push({
      argument: `${designation}Flow`,
      problem: found
        ? `Authentik's flow ${slug} is of designation "${text(found, "designation")}"; it must be "${designation}"`
        : `Authentik has no flow with the slug ${slug}`,
      present: listed(fitting, "slug"),
    });
    return "";
  };
  const signingKey = certificates.find((one) => one["name"] === references.signingKey);
  const found: Found = {
    authorizationFlow: flow("authorization"),
    invalidationFlow: flow("invalidation"),
    signingKey: text(signingKey, "pk"),
    scopeMappings: scopeMappings(references.scopes, mappings, problems),
    groups: Object.fromEntries(groups.map((name, at) => [name, text(foundGroups[at], "pk")])),
    names: Object.fromEntries([
      ...flows.map((one) => [text(one, "pk"), text(one, "slug")]),
      ...[...certificates, ...mappings, ...foundGroups].map((one) => [
        text(one, "pk"),
        text(one, "name"),
      ]),
    ]),
  };
  if (!signingKey)
    problems.push({
      argument: "signingKey",
      problem: `Authentik has no certificate named "${references.signingKey}"`,
      present: listed(certificates, "name"),
    });
  const missing = Object.entries(references.groups).filter(([, name]) => !found.groups[name]);
  const present = missing.length > 0 ? await someGroups(api) : undefined;
  for (const [argument, name] of missing)
    problems.push({ argument, problem: `Authentik has no group named "${name}"`, present });
  return problems.length > 0 ? problems : found;
}

function scopeMappings(
  scopes: readonly string[],
  mappings: readonly Fields[],
  problems: Problem[],
): string[] {
  const place = (scope: string): number => {
    const at = OWN_ORDER.indexOf(scope);
    return at < 0 ? OWN_ORDER.length : at;
  };
  return [...scopes]
    .sort((one, other) => place(one) - place(other))
    .map((scope) => {
      const own = mappings.find((one) => one["managed"] === MANAGED + scope);
      const others = mappings.filter((one) => one["scope_name"] === scope);
      const only = own ?? (others.length === 1 ? others[0] : undefined);
      if (only) return text(only, "pk");
      problems.push({
        argument: "scopes",
        problem:
          others.length === 0
            ? `Authentik has no scope mapping for the scope ${scope}`
            : `Authentik has ${others.length} scope mappings for the scope ${scope}, none of them its own`,
        present: listed(mappings, "scope_name"),
      });
      return "";
    });
}

async function groupNamed(api: AuthentikApi, name: string): Promise<Fields | undefined> {
  const found = await api.listOnce(
    `core/groups/?include_users=false&name=${encodeURIComponent(name)}`,
  );
  return found.find((one) => one["name"] === name);
}

/** There may be thousands of groups: the first hundred will do. */
async function someGroups(api: AuthentikApi): Promise<string | undefined> {
  const path = "core/groups/?include_users=false&ordering=name&page_size=100";
  const groups = ((await api.get(path))?.["results"] ?? []) as readonly Fields[];
  return listed(groups, "name");
}

function listed(objects: readonly Fields[], key: string): string | undefined {
  const names = [...new Set(objects.map((one) => text(one, key)))].filter(Boolean);
  const shown = names.slice(0, 20).join(", ");
  if (names.length === 0) return undefined;
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}

/** Who an OpenID profile is to Immich: a linked user, one with the same e-mail, or a new one. */
import { HttpError } from "./http";
import type { Log } from "./log";
import type { Json, JsonObject } from "./merge";
import type { Profile } from "./oauth";
import type { People, User } from "./people";
import type { Traits } from "./versions";

const GIB = 1024 ** 3;

/** What the decision needs. */
export interface Context {
  readonly people: People;
  readonly traits: Traits;
  readonly log: Log;
  /** Correlation id of the request. */
  readonly id: string;
}

/**
 * The user of `profile`, linked or made as the settings say.
 *
 * @throws HttpError 400 when there is none and none may be made.
 */
export async function userOf(profile: Profile, oauth: JsonObject, context: Context): Promise<User> {
  const { people, traits } = context;
  const email = text(profile["email"])?.trim().toLowerCase();
  const linked = await people.byOauthId(profile.sub);
  if (linked !== undefined) return syncRole(linked, profile, oauth, context);

  const same = email === undefined ? undefined : await people.byEmail(email);
  if (same !== undefined) {
    // Somebody else at the provider has this e-mail already.
    if (same.oauthId !== "") {
      throw new HttpError(400, traits.httpsOnly ? "OAuth authentication failed" : TAKEN);
    }
    const user = await people.update(same.id, { oauthId: profile.sub });
    return syncRole(user, profile, oauth, context);
  }
  return register(profile, email, oauth, context);
}

const TAKEN = "User already exists, but is linked to another account.";

async function register(
  profile: Profile,
  email: string | undefined,
  oauth: JsonObject,
  { people, traits, log, id }: Context,
): Promise<User> {
  if (!oauth["autoRegister"]) {
    const who = `${profile.sub}/${email ?? "(no email)"}`;
    log.write(
      "WARN",
      "AuthService",
      `Unable to register ${who}. To enable set OAuth Auto Register to true in admin settings.`,
      id,
    );
    throw new HttpError(400, "User does not exist and auto registering is disabled.");
  }
  if (email === undefined || email === "") {
    throw new HttpError(400, "OAuth profile does not have an email address");
  }
  log.write("LOG", "AuthService", `Registering new user: ${profile.sub}/${email}`, id);
  if (!(await people.hasAdmin())) {
    throw new HttpError(400, "The first registered account must the administrator.");
  }
  return people.create({
    email,
    name: nameOf(profile),
    oauthId: profile.sub,
    storageLabel: labelOf(profile, oauth),
    quotaSizeInBytes: quotaOf(profile, oauth, traits),
    isAdmin: traits.roles && roleOf(profile, oauth) === "admin",
  });
}

/** Newer versions follow the provider's role at each login; a missing claim changes nothing. */
async function syncRole(
  user: User,
  profile: Profile,
  oauth: JsonObject,
  { people, traits }: Context,
): Promise<User> {
  if (!traits.rolesAtEachLogin) return user;
  const role = roleOf(profile, oauth);
  if (role === undefined || user.isAdmin === (role === "admin")) return user;
  return people.update(user.id, { isAdmin: role === "admin" });
}

function nameOf(profile: Profile): string {
  const full = [text(profile["given_name"]), text(profile["family_name"])]
    .filter(Boolean)
    .join(" ");
  return text(profile["name"]) ?? full;
}

function labelOf(profile: Profile, oauth: JsonObject): string | null {
  const label = text(claim(profile, oauth["storageLabelClaim"]));
  // A folder's name: no dots, no slashes.
  return label?.replace(/[./\\]/g, "") || null;
}

function quotaOf(profile: Profile, oauth: JsonObject, { nullQuota }: Traits): number | null {
  const claimed = claim(profile, oauth["storageQuotaClaim"]);
  const quota = Number(claimed) >= 0 ? claimed : oauth["defaultStorageQuota"];
  if (quota === null || quota === undefined) return null;
  // NaN is left to the database, which refuses it.
  return nullQuota ? Number(quota) * GIB : Number(quota) * GIB || null;
}

function roleOf(profile: Profile, oauth: JsonObject): "admin" | "user" | undefined {
  const value = claim(profile, oauth["roleClaim"]);
  if (value === undefined || value === null || value === "") return undefined;
  return [value].flat().includes("admin") ? "admin" : "user";
}

function claim(profile: Profile, name: Json | undefined): Json | undefined {
  return typeof name === "string" ? profile[name] : undefined;
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

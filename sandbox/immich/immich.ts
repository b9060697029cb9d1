/** One running Immich: what its API handlers share. */
import type { Pool } from "pg";
import { HttpError, type Request } from "./http";
import type { Log } from "./log";
import type { OauthClient } from "./oauth";
import type { ApiKeys } from "./keys";
import type { People, User } from "./people";
import type { Settings } from "./settings";
import type { Traits, Version } from "./versions";

/** What an API handler works with. */
export interface Immich {
  readonly version: Version;
  readonly traits: Traits;
  readonly log: Log;
  readonly pool: Pool;
  readonly settings: Settings;
  readonly people: People;
  readonly keys: ApiKeys;
  readonly oauth: OauthClient;
}

/** Somebody who asked with a session or an API key. */
export interface Caller {
  readonly user: User;
  /** Of the API key. */
  readonly keyId?: string;
  /** Permissions of the API key; undefined for a session, which may everything. */
  readonly permissions?: readonly string[];
}

/** Which permission an API key needs; true for an admin's routes. */
export interface Needs {
  readonly admin?: boolean;
  readonly permission?: string;
}

/**
 * Who asks: by session cookie, bearer token, x-immich-user-token or x-api-key.
 *
 * @throws HttpError 401 without any, 403 when it may not.
 */
export async function authenticate(
  immich: Immich,
  request: Request,
  { admin, permission }: Needs = {},
): Promise<Caller> {
  const caller = await identify(immich, request);
  if (admin === true && !caller.user.isAdmin) {
    immich.log.write(
      "WARN",
      "AuthService",
      `Denied access to admin only route: ${request.url.pathname}`,
      request.id,
    );
    throw new HttpError(403, "Forbidden");
  }
  if (permission === undefined || mayAll(caller, [permission])) return caller;
  throw new HttpError(403, `Missing required permission: ${permission}`);
}

/** Whether somebody may do all of this. */
export function mayAll({ permissions }: Caller, wanted: readonly string[]): boolean {
  if (permissions === undefined || permissions.includes("all")) return true;
  return wanted.every((one) => permissions.includes(one));
}

async function identify({ people, keys, traits }: Immich, request: Request): Promise<Caller> {
  const token = sessionToken(request);
  if (token !== undefined) {
    const user = await people.bySession(token);
    if (user === undefined) throw new HttpError(401, "Invalid user token");
    return { user };
  }
  const value = request.headers["x-api-key"] ?? request.url.searchParams.get("apiKey");
  if (typeof value !== "string") throw new HttpError(401, "Authentication required");
  const key = await keys.bySecret(value);
  const user = key && (await people.byId(key.userId));
  if (key === undefined || user === undefined) throw new HttpError(401, "Invalid API key");
  return { user, keyId: key.id, permissions: traits.keyPermissions ? key.permissions : ["all"] };
}

/** The session token of a request, wherever it is. */
export function sessionToken({ headers, cookies }: Request): string | undefined {
  const header = headers["x-immich-user-token"] ?? headers["x-immich-session-token"];
  if (typeof header === "string") return header;
  const [scheme, bearer] = (headers.authorization ?? "").split(" ");
  if (scheme?.toLowerCase() === "bearer" && bearer) return bearer;
  return cookies["immich_access_token"];
}

/** A required text of a request's body. @throws HttpError 400 in Immich's words. */
export function requireText(body: Request["body"], ...names: string[]): string[] {
  const problems = names.flatMap((name) => [
    ...(typeof body[name] === "string" ? [] : [`${name} must be a string`]),
    ...(body[name] ? [] : [`${name} should not be empty`]),
  ]);
  if (problems.length > 0) throw new HttpError(400, problems);
  return names.map((name) => body[name] as string);
}

/** One running Immich: what its API handlers share. */
import type { Pool } from "pg";
import { HttpError, type Request } from "./http";
import type { Log } from "./log";
import type { OauthClient } from "./oauth";
import type { Caller, People } from "./people";
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
  readonly oauth: OauthClient;
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
  { people }: Immich,
  request: Request,
  needs: Needs = {},
): Promise<Caller> {
  const caller = await identify(people, request);
  if (needs.admin === true && !caller.user.isAdmin) throw new HttpError(403, "Forbidden");
  const { permissions } = caller;
  const { permission } = needs;
  if (permissions === undefined || permission === undefined) return caller;
  if (permissions.includes("all") || permissions.includes(permission)) return caller;
  throw new HttpError(403, `Missing required permission: ${permission}`);
}

async function identify(people: People, request: Request): Promise<Caller> {
  const token = sessionToken(request);
  if (token !== undefined) {
    const caller = await people.bySession(token);
    if (caller === undefined) throw new HttpError(401, "Invalid user token");
    return caller;
  }
  const key = request.headers["x-api-key"];
  if (typeof key === "string") {
    const caller = await people.byKey(key);
    if (caller === undefined) throw new HttpError(401, "Invalid API key");
    return caller;
  }
  throw new HttpError(401, "Authentication required");
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

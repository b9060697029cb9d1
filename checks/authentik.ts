// The checks that ask Authentik's API (read only).
import type { Facts } from "./facts";
import { describe, field, isComingUp, type Reply } from "./http";
import { broken, ok, unknown, type Finding } from "./types";

/** authentik-reachable: the one path of the API that needs no token. */
export async function authentikReachable(facts: Facts): Promise<Finding> {
  const reply = await facts.authentik("root/config/", { token: false });
  const at = `GET ${reply.url}: ${describe(reply)}`;
  if (reply.kind === "failure") {
    return broken(reply.why === "tls" ? "bad-certificate" : "no-answer", at);
  }
  if (isComingUp(reply) && reply.status !== 404) return broken("starting", at);
  if (reply.status !== 200 || !Array.isArray(field(reply.json, "capabilities"))) {
    return broken("not-authentik", at);
  }
  return ok(at);
}

/** authentik-token: who it belongs to, and whether they may see OAuth2 providers. */
export async function authentikToken(facts: Facts): Promise<Finding> {
  if (!facts.input.authentikToken) return unknown("no token for Authentik's API was given");
  const me = await facts.authentik("core/users/me/");
  if (me.kind === "answer" && (me.status === 401 || me.status === 403)) {
    return broken("refused", `GET ${me.url}: ${describe(me)}: ${detail(me)}`);
  }
  if (me.kind === "failure" || me.status !== 200) return unknown(`GET ${me.url}: ${describe(me)}`);
  const user = String(field(me.json, "user", "username") ?? "somebody");
  const providers = await facts.providers();
  if (providers.kind === "answer" && providers.status === 403) {
    return broken("no-rights", `the token of ${user} may not see providers: ${detail(providers)}`);
  }
  return ok(`it is ${user}'s`);
}

/** access-groups: they exist, are bound to the application, and somebody in them can log in. */
export async function accessGroups(facts: Facts): Promise<Finding> {
  const names = facts.input.accessGroups ?? [];
  if (names.length === 0) return ok("none configured: everybody in Authentik may log in");
  if (!facts.input.authentikToken) return unknown("no token for Authentik's API was given");
  const seen: string[] = [];
  let members = 0;
  let withEmail = 0;
  for (const name of names) {
    const reply = await facts.authentik(`core/groups/?name=${encodeURIComponent(name)}`);
    const group = results(reply).find((one) => field(one, "name") === name);
    if (reply.kind === "failure" || reply.status !== 200) {
      return unknown(`GET ${reply.url}: ${describe(reply)}`);
    }
    if (group === undefined) return broken("missing", `there is no group "${name}" in Authentik`);
    const bound = await isBound(facts, field(group, "pk"));
    if (bound === false) {
      return broken(
        "unbound",
        `group "${name}" is not bound to application "${facts.input.applicationSlug}"`,
      );
    }
    const people = await membersOf(facts, group, 0);
    members += people.length;
    withEmail += people.filter((person) => person.email !== "").length;
    const without = people.filter((person) => person.email === "").map((person) => person.name);
    seen.push(
      `"${name}" has ${people.length} active member${people.length === 1 ? "" : "s"}` +
        (without.length > 0 ? `, without an e-mail address: ${without.join(", ")}` : ""),
    );
  }
  if (members === 0) return broken("empty", seen.join("; "));
  if (withEmail === 0) return broken("no-email", seen.join("; "));
  return ok(seen.join("; "));
}

/** The list in one page of Authentik's API; empty for anything else. */
export function results(reply: Reply): unknown[] {
  const list = reply.kind === "answer" ? field(reply.json, "results") : undefined;
  return Array.isArray(list) ? list : [];
}

function detail(reply: Reply): string {
  const text = reply.kind === "answer" ? field(reply.json, "detail") : undefined;
  return typeof text === "string" ? `"${text}"` : describe(reply);
}

/** A user of Authentik. */
export interface Person {
  readonly name: string;
  readonly email: string;
  /** What Immich knows as `oauthId`: the `sub` of tokens. */
  readonly uid: string;
}

/** Active members, those of child groups included: Authentik counts them in. */
export async function membersOf(facts: Facts, group: unknown, depth: number): Promise<Person[]> {
  const objects = field(group, "users_obj");
  const people = (Array.isArray(objects) ? objects : [])
    .filter((one) => field(one, "is_active") !== false)
    .map((one) => ({
      name: String(field(one, "username")),
      email: String(field(one, "email") ?? ""),
      uid: String(field(one, "uid") ?? ""),
    }));
  const children = field(group, "children");
  if (!Array.isArray(children) || depth >= 3) return people;
  for (const child of children) {
    const reply = await facts.authentik(`core/groups/${String(child)}/`);
    if (reply.kind === "answer" && reply.status === 200) {
      people.push(...(await membersOf(facts, reply.json, depth + 1)));
    }
  }
  return people;
}

/** Whether a group is bound to the application; undefined when that can't be seen. */
async function isBound(facts: Facts, group: unknown): Promise<boolean | undefined> {
  const slug = encodeURIComponent(facts.input.applicationSlug);
  const application = await facts.authentik(`core/applications/${slug}/`);
  const pk = application.kind === "answer" ? field(application.json, "pk") : undefined;
  if (typeof pk !== "string") return undefined;
  const reply = await facts.authentik(`policies/bindings/?target=${pk}`);
  if (reply.kind === "failure" || reply.status !== 200) return undefined;
  return results(reply).some(
    (one) => field(one, "group") === group && field(one, "enabled") !== false,
  );
}

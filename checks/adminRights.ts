// Who would stop being an administrator of Immich, where only members of some groups are to be.
import { atLeast } from "../immich/version";
import { keepingRights } from "./catalogue/entry";
import { membersOf, results, type Person } from "./authentik";
import type { Facts } from "./facts";
import { describe, field } from "./http";
import { broken, ok, unknown, type Finding } from "./types";

/** Before this version Immich reads the role when it makes a user, and never again. */
const ROLES_AT_EACH_LOGIN = "3.1.0";

/** admin-rights: Immich's administrators by its own table, against the members of the groups in Authentik. */
export async function adminRights(facts: Facts): Promise<Finding> {
  const { input } = facts;
  const { soleAdminGroups = [], immichAdmins, authentikToken } = input;
  if (soleAdminGroups.length === 0) return ok("nobody's rights are taken away");
  const version = await facts.immichVersion();
  if (version === undefined) return unknown("Immich does not tell its version");
  if (!atLeast(version, ROLES_AT_EACH_LOGIN))
    return ok(`Immich ${version} takes no rights away: it reads roles for new users only`);
  if (immichAdmins === undefined) return unknown("no way to Immich's users was given");
  const admins = await immichAdmins().catch(() => undefined);
  if (admins === undefined) return unknown("the login at Postgres may not see Immich's users");
  if (!authentikToken) return unknown("no token for Authentik's API was given");
  const members: Person[] = [];
  for (const name of soleAdminGroups) {
    const reply = await facts.authentik(`core/groups/?name=${encodeURIComponent(name)}`);
    if (reply.kind === "failure" || reply.status !== 200)
      return unknown(`GET ${reply.url}: ${describe(reply)}`);
    const group = results(reply).find((one) => field(one, "name") === name);
    if (group !== undefined) members.push(...(await membersOf(facts, group, 0)));
  }
  const stays = ({ email, oauthId }: (typeof admins)[number]): boolean =>
    members.some((one) =>
      oauthId === "" ? one.email.toLowerCase() === email : one.uid === oauthId,
    );
  const losing = admins.filter((admin) => !stays(admin)).map(({ email }) => email);
  if (losing.length === 0) return ok("every administrator of Immich is a member");
  const seen = `no more an administrator after the next login through Authentik: ${losing.join(", ")}`;
  return losing.length === admins.length && members.length === 0
    ? broken("nobody", `${seen}; and the groups have no member`)
    : { ...ok(seen), warning: `Immich: ${seen}. ${keepingRights(input)}` };
}

// Whether anybody, and an administrator above all, can come in once password login is off.
import type { Admin } from "../immich/admins";
import { results } from "./authentik";
import type { Facts } from "./facts";
import { field } from "./http";
import { doors } from "./immich";
import { broken, ok, unknown, type Finding } from "./types";

/** password-login-lockout: at least one door is open, and an administrator can use it. */
export async function passwordLoginLockout(facts: Facts): Promise<Finding> {
  const { oauth, passwordLogin } = await doors(facts);
  if (oauth === undefined || passwordLogin === undefined) return unknown("Immich does not say");
  const seen = `password login is ${onOff(passwordLogin)}, OAuth is ${onOff(oauth)}`;
  if (!oauth && !passwordLogin) return broken("both-off", seen);
  const wanted = facts.input.passwordLogin ?? passwordLogin;
  if (wanted) return ok(seen);
  const out = await lockedOutAdmins(facts);
  if (out !== undefined) {
    return broken(
      "no-admin",
      passwordLogin ? `password login is to be off; ${out}` : `${seen}; ${out}`,
    );
  }
  if (passwordLogin) return ok(seen);
  return {
    ...ok(seen),
    note: "Password login is off too: `immich-admin enable-password-login` in Immich's container lets you in.",
  };
}

/**
 * What keeps every administrator of Immich out without a password, in words; undefined where one can
 * come in by OAuth, or where it can't be known. Immich links an account to whoever comes with its
 * e-mail address; a role claim makes administrators of others.
 */
async function lockedOutAdmins({ input, ...facts }: Facts): Promise<string | undefined> {
  if (input.settings["oauth.roleClaim"] !== undefined) return undefined;
  // Who may not see them says nothing, for whatever reason: other checks do.
  const admins = await input.immichAdmins?.().catch(() => undefined);
  if (admins === undefined || admins.some((admin) => admin.linked)) return undefined;
  if (admins.length === 0) return "Immich has no administrator yet";
  const groups = input.accessGroups ?? [];
  for (const { email } of admins) {
    const reply = await facts.authentik(`core/users/?search=${encodeURIComponent(email)}`);
    if (reply.kind === "failure" || reply.status !== 200) return undefined;
    if (results(reply).some((user) => mayComeIn(user, email, groups))) return undefined;
  }
  const who = admins.map(({ email }: Admin) => email).join(", ");
  return `no administrator of Immich can log in through Authentik: ${who} ${
    admins.length === 1 ? "has" : "have"
  } no user there with that e-mail address${groups.length > 0 ? " who may use Immich" : ""}`;
}

function mayComeIn(user: unknown, email: string, groups: readonly string[]): boolean {
  if (String(field(user, "email")).toLowerCase() !== email) return false;
  if (field(user, "is_active") === false) return false;
  const theirs = field(user, "groups_obj");
  // A group may have parents, whose members these users are too: those are not looked up here.
  return (
    groups.length === 0 ||
    !Array.isArray(theirs) ||
    theirs.some((group) => groups.includes(String(field(group, "name"))) || hasParent(group))
  );
}

function hasParent(group: unknown): boolean {
  const parents = field(group, "parents") ?? field(group, "parent");
  return Array.isArray(parents) ? parents.length > 0 : parents !== undefined && parents !== null;
}

function onOff(value: boolean): string {
  return value ? "on" : "off";
}

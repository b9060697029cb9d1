// Whether anybody, and an administrator above all, can come in once password login is off.
import type { Admin } from "../immich/admins";
import { results } from "./authentik";
import { lettingAdminsIn } from "./catalogue/entry";
import { factsFor, saying, type Facts } from "./facts";
import { field } from "./http";
import { doors } from "./immich";
import { broken, ok, unknown, type CheckInput, type Finding } from "./types";

/** password-login-lockout: at least one door is open. */
export async function passwordLoginLockout(facts: Facts): Promise<Finding> {
  const { oauth, passwordLogin } = await doors(facts);
  if (oauth === undefined || passwordLogin === undefined) return unknown("Immich does not say");
  const seen = `password login is ${onOff(passwordLogin)}, OAuth is ${onOff(oauth)}`;
  if (!oauth && !passwordLogin) return broken("both-off", seen);
  if (passwordLogin) return ok(seen);
  return {
    ...ok(seen),
    note: "Password login is off too: `immich-admin enable-password-login` in Immich's container lets you in.",
  };
}

/** admin-way-in: with password login off, or about to be, an administrator can come in by OAuth. */
export async function adminWayIn(facts: Facts): Promise<Finding> {
  const { passwordLogin } = await doors(facts);
  const isOn = facts.input.passwordLogin ?? passwordLogin;
  if (isOn === undefined) return unknown("Immich does not say");
  if (isOn) return ok("password login is on");
  let out: string | undefined;
  try {
    out = await lockedOutAdmins(facts);
  } catch (error) {
    return unknown(saying(error).message);
  }
  return out === undefined
    ? ok("no reason is known why no administrator could")
    : broken("no-admin", `password login is ${passwordLogin ? "to be " : ""}off; ${out}`);
}

/**
 * Refuses to switch password login off where, as far as can be known, no administrator of Immich could
 * come in then. To be called before that is applied; reads only.
 *
 * @throws Error with who they are and what to do
 */
export async function refuseToLockAdminsOut(input: CheckInput): Promise<void> {
  const facts = factsFor(input, { waitUntil: 0, requestMs: 10_000, pauseMs: 500 });
  const out = await lockedOutAdmins(facts);
  if (out === undefined) return;
  throw new Error(
    `Password login of Immich is not switched off: ${out}. Nothing has been changed. ${lettingAdminsIn(input)}`,
  );
}

/**
 * What keeps every administrator of Immich out without a password, in words; undefined where one can
 * come in by OAuth, or where it can't be known. Immich links an account to whoever comes with its
 * e-mail address; a role claim makes administrators of others.
 */
async function lockedOutAdmins({ input, ...facts }: Facts): Promise<string | undefined> {
  if (input.settings["oauth.roleClaim"] !== undefined) return undefined;
  const admins = await input.immichAdmins?.().catch((error: unknown) => {
    // Why the host can't be asked other checks say; an API key may be right for all but this.
    if (input.settingsThrough === "api") throw error;
    return undefined;
  });
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

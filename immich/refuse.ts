import { SettingsError } from "./errors";
import type { Common } from "./options";
import { asImmichReads } from "./reading";
import type { Store } from "./stores/store";
import type { Problem } from "./types";
import { locksOut, validateStored } from "./validate";

/**
 * Refuses to build on something stored that keeps Immich from starting or makes it ignore its settings.
 *
 * @throws SettingsError naming each, with the command that fixes it
 */
export function refuseFaults<State>(store: Store<State>, state: State, options: Common): void {
  const faults = validateStored(store, state);
  if (faults.length === 0) return;
  const psql = options.psql ?? "psql -d immich";
  const lines = faults.map(
    ({ what, effect, sql }) => `\n  - ${what}: ${effect}. Fix it: ${psql} -c "${shell(sql)}"`,
  );
  throw new SettingsError(
    "stored",
    `${place(options, "Reading Immich's settings")}: what is stored is broken, and nothing is built on that. Nothing has been changed.${lines.join("")}\nThen run the same command again.`,
  );
}

/**
 * Refuses a change after which nobody could log in, where somebody can now.
 *
 * @throws SettingsError
 */
export function refuseLockout<State>(
  store: Store<State>,
  before: State,
  after: State,
  version: string | undefined,
  options: Common,
): void {
  const locked = (state: State): boolean =>
    locksOut(asImmichReads(store.overrides(state), version, store.name));
  if (!locked(after) || locked(before)) return;
  throw new SettingsError(
    "lockout",
    `${place(options, "Writing Immich's settings")}: with OAuth and password login both off, nobody could log in to Immich. Nothing has been changed. Turn password login on first: ${options.store === "api" ? "Immich > Administration > Settings > Authentication Settings" : "docker exec immich_server immich-admin enable-password-login"}`,
  );
}

/**
 * Refuses all of these at once; nothing when there are none.
 *
 * @param what the sentence before them
 * @param way what to do, where the lines don't say it
 * @throws SettingsError
 */
export function refuse(
  problem: "invalid" | "stored",
  problems: readonly Problem[],
  options: Common,
  what: string,
  way = "",
): void {
  if (problems.length === 0) return;
  const lines = problems.map(describe).join("");
  throw new SettingsError(
    problem,
    `${place(options, "Writing Immich's settings")}: ${what}. Nothing has been changed.${lines}${way === "" ? "" : `\n${way.trim()}`}`,
  );
}

/** One problem as a line of a message. */
export function describe({ key, given, allowed }: Problem): string {
  return `\n  - ${key} is ${given}; allowed is ${allowed}.`;
}

/** What was being done, and to which table of which database, or through which API: the start of every message. */
export function place({ store, where }: Common, doing: string): string {
  if (store === "api") return `${doing} through ${where ?? "Immich's API"}`;
  return `${doing} in table ${store}${where === undefined ? "" : ` of ${where}`}`;
}

/** Text inside double quotes of a shell. */
function shell(text: string): string {
  return text.replace(/[\\"$`]/g, "\\$&");
}

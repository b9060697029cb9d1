// Every check there is, in the order of the table that people read: its id, what it asks, what a user
// sees when it is broken, what it stands on, and each way out. docs/troubleshooting.md is made from it.
import { authentikChecks } from "./catalogue/authentik";
import type { CheckEntry } from "./catalogue/entry";
import { immichChecks } from "./catalogue/immich";
import { oidcChecks } from "./catalogue/oidc";
import { settingsChecks } from "./catalogue/settings";
import { wayChecks } from "./catalogue/waysInAndOut";

/** The groups that the table is read in. */
const parts = {
  Authentik: authentikChecks,
  OpenID: oidcChecks,
  Immich: { ...immichChecks, ...wayChecks },
  "Immich's host": settingsChecks,
} as const;

const all = { ...authentikChecks, ...oidcChecks, ...immichChecks, ...wayChecks, ...settingsChecks };

export type CheckId = keyof typeof all;

/** The catalogue: a new check gets an entry here and a function in run.ts. Ids are never renamed. */
export const catalogue: Readonly<Record<CheckId, CheckEntry>> = all;

/** The ids, in the order of the table. */
export const checkIds = Object.keys(all) as CheckId[];

/** The ids by group, in the same order. */
export const checkGroups: readonly (readonly [title: string, ids: readonly string[]])[] =
  Object.entries(parts).map(([title, part]) => [title, Object.keys(part)]);

// Every check there is, in the order of the table that people read: its id, what it asks, what a user
// sees when it is broken, what it stands on, and each way out. docs/troubleshooting.md is made from it.
import { authentikChecks } from "./catalogue/authentik";
import type { CheckEntry } from "./catalogue/entry";
import { immichChecks } from "./catalogue/immich";
import { oidcChecks } from "./catalogue/oidc";
import { settingsChecks } from "./catalogue/settings";

const all = { ...authentikChecks, ...oidcChecks, ...immichChecks, ...settingsChecks };

export type CheckId = keyof typeof all;

/** The catalogue: a new check gets an entry here and a function in run.ts. Ids are never renamed. */
export const catalogue: Readonly<Record<CheckId, CheckEntry>> = all;

/** The ids, in the order of the table. */
export const checkIds = Object.keys(all) as CheckId[];

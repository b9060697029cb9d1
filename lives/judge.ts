/** What is left of a life, and whether somebody was told of it. */
import { isDeepStrictEqual } from "node:util";

import { meaning, type Observation } from "./homelab";

/** One thing that is not as it was. */
export interface Difference {
  /** In words, with the values. */
  readonly what: string;
  /** Texts of which one has to be in the messages, if this may stay. */
  readonly told: readonly RegExp[];
}

/** Types of Pulumi's resources, by what they are in Authentik. */
const TYPES: Readonly<Record<string, string>> = {
  provider: "ProviderOauth2",
  application: "Application",
  "scope mapping": "PropertyMappingProviderScope",
  binding: "PolicyBinding",
};

/**
 * Compares what is seen of the homelab with what it was.
 *
 * @param upgraded Immich was upgraded meanwhile: its settings may have moved, byte for byte is too much to ask
 */
export function differences(
  before: Observation,
  after: Observation,
  upgraded: boolean,
): Difference[] {
  return [
    ...(upgraded
      ? changes("setting", meaning(before.settings), meaning(after.settings))
      : changes("settings row", before.settings, after.settings)),
    ...changes("Immich says", ...bothKnow(before.immich, after.immich)),
    ...changes("PostgreSQL:", ...asRecords(before.postgres, after.postgres, upgraded)),
    ...changes("Authentik:", before.authentik, after.authentik),
  ];
}

/** Those of which no message tells. */
export function untold(found: readonly Difference[], messages: string): Difference[] {
  return found.filter(({ told }) => !told.some((text) => text.test(messages)));
}

function changes(
  of: string,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((name) => ({
      what: `${of} ${name}: ${short(before[name])} has become ${short(after[name])}`,
      told: name in before ? [] : tellingOf(name),
    }));
}

/** How a message would tell of something that is there and was not. */
function tellingOf(name: string): RegExp[] {
  const role = /^role (\S+)$/.exec(name)?.[1];
  if (role) return [new RegExp(`login ${role} stays`)];
  const type = TYPES[name.split(" ").slice(0, -1).join(" ")];
  // Pulumi's own words for what it can't know: docs/interrupted.md.
  return type ? [new RegExp(`:${type}::\\S+, interrupted while creating`)] : [];
}

const short = (value: unknown): string =>
  value === undefined ? "nothing" : JSON.stringify(value).slice(0, 600);

/** What both versions of Immich tell. */
function bothKnow(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): [Record<string, unknown>, Record<string, unknown>] {
  const pick = (from: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(from).filter(([key]) => key in before && key in after));
  return [pick(before), pick(after)];
}

/** An upgrade makes and drops tables, with the rights of their owner. */
function asRecords(
  before: readonly string[],
  after: readonly string[],
  upgraded: boolean,
): [Record<string, true>, Record<string, true>] {
  const record = (lines: readonly string[]) =>
    Object.fromEntries(
      lines
        .filter((line) => !upgraded || !/ on system_\w+ for postgres$/.test(line))
        .map((line) => [line, true as const]),
    );
  return [record(before), record(after)];
}

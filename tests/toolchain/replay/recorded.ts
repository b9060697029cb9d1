/**
 * Calls to the official plugins with their answers, as they were recorded at the engine. Kept are those that
 * differ in form; values that repeat are kept apart, as `@number`; what the official side made up stands as a label
 * such as `<uuid1>`, and `{"secret": …}` is a value marked as a secret.
 *
 * Left out are `__meta` and `__pulumi_raw_state_delta`, which are the bridge's notes to itself.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

import type { Json, Props } from "../plugin";
import { secret, UNKNOWN } from "../plugin";

/** One call. */
export interface Call {
  readonly plugin: "command" | "postgresql" | "random" | "terraform-provider";
  readonly method: string;
  /** Type of the resource, or the function. */
  readonly type?: string;
  readonly request: Props;
  readonly answer?: Props;
  readonly error?: { readonly code: string; readonly message: string };
  /** In which run it was seen first. */
  readonly seen: string;
}

/** Every recorded call. */
export function recordedCalls(): Call[] {
  const file = path.join(__dirname, "../plugin-calls.json");
  const { shared, calls } = JSON.parse(readFileSync(file, "utf8")) as {
    shared: Record<string, Json>;
    calls: Props[];
  };
  const unfold = (value: Json): Json => {
    if (typeof value === "string" && value in shared) return unfold(shared[value] ?? null);
    if (typeof value === "string") return labelled(value);
    if (Array.isArray(value)) return value.map(unfold);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, one]) => [key, unfold(one)] as const);
    if (entries.length === 1 && entries[0]?.[0] === "secret") return secret(entries[0][1]);
    return Object.fromEntries(entries);
  };
  return calls.map((call) => unfold(call) as unknown as Call);
}

/** A value in the place of a label. */
function labelled(text: string): Json {
  if (text === "<unknown>") return UNKNOWN;
  if (/^<portnumber\d+>$/.test(text)) return 22;
  return text.replace(/<(uuid|host|secret)(\d+)>/g, (_label, kind: string, count: string) => {
    if (kind === "uuid") return `00000000-0000-4000-8000-${count.padStart(12, "0")}`;
    return kind === "host" ? `host${count}.example:80` : `a-secret-of-no-use-${count}`;
  });
}

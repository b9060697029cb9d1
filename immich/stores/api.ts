/** Immich's settings through its own API: the complete document is read, merged, sent back and read again. */
import { isDeepStrictEqual } from "node:util";
import type { ImmichApi } from "../api/client";
import { ApiError } from "../api/errors";
import { SettingsError } from "../errors";
import { isObject, type Json, type JsonObject, parse, stringify } from "../json";
import type { Common } from "../options";
import { get, leaves, sameValue } from "../reading";
import { place } from "../refuse";
import type { Opened, Store, Work } from "./store";
import { textOf } from "./systemMetadata";

/** What Immich answers: its settings, complete, and its defaults. */
export interface ApiState {
  readonly document: JsonObject;
  readonly defaults: JsonObject;
}

/** The settings as Immich's API has them. What this project does not know goes back as it came. */
export const apiStore: Store<ApiState> = {
  name: "api",

  faults: () => [],

  overrides({ document }) {
    const values = plain(document);
    return leaves(values).map((property) => ({ property, value: get(values, property) }));
  },

  previous(state, key) {
    const value = at(state.document, key);
    if (value === undefined || sameValue(plain(value), this.defaultOf?.(state, key)))
      return { present: false };
    const text = stringify(value);
    return { present: true, value: JSON.parse(text) as unknown, text };
  },

  defaultOf: ({ defaults }, key) => plain(at(defaults, key)),

  set: (state, key, text) => ({ ...state, document: withValue(state.document, key, parse(text)) }),

  putBack(state, key, previous) {
    const value = previous.present && previous.sqlNull !== true ? parse(textOf(previous)) : null;
    const standard = at(state.defaults, key);
    if (value !== null && value !== "") return this.set(state, key, stringify(value));
    return standard === undefined
      ? { ...state, document: withoutValue(state.document, key) }
      : this.set(state, key, stringify(standard));
  },

  prune: (state) => state,

  same: (a, b) => isDeepStrictEqual(a.document, b.document),
};

/** How often an operation is begun anew because somebody saved meanwhile, or Immich was not there for a moment. */
const TRIES = 4;

/**
 * Runs `work` on the settings that the API has. There is no lock: that somebody saved meanwhile is seen by reading again
 * just before the save and just after it, and all of it is begun anew then.
 *
 * @throws SettingsError
 */
export async function throughApi<T>(api: ImmichApi, options: Common, work: Work<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await work(opened(api, options))).result;
    } catch (error) {
      const again = error instanceof Again ? error : undefined;
      if (!again) throw error;
      if (attempt === TRIES) throw again.cause;
      await new Promise((resolve) => setTimeout(resolve, again.waitMs * attempt));
    }
  }
}

/** A failure after which all of it is worth another try; the failure itself is its cause. */
class Again extends Error {
  constructor(
    override readonly cause: SettingsError,
    readonly waitMs: number,
  ) {
    super("again");
  }
}

/** An answer's wish to wait is granted up to this many milliseconds. */
const LONGEST_WAIT_MS = 15_000;

function opened(api: ImmichApi, options: Common): Opened<ApiState> {
  const read = async (): Promise<ApiState> => ({
    document: await api.config(),
    defaults: await api.defaults(),
  });
  const where = (): string => place(options, "Writing Immich's settings");
  return {
    store: apiStore,
    version: options.version,
    read,
    lock: read,
    now: async () => new Date().toISOString(),

    async write(before, { document }) {
      if (!isDeepStrictEqual(await api.config(), before.document))
        throw savedMeanwhile(
          `${where()}: somebody keeps saving settings in Immich at the same time, so that nothing has been changed.`,
        );
      const changed = changes(before.document, document);
      let answered: JsonObject | undefined;
      let failure: ApiError | undefined;
      try {
        answered = await api.update(document);
      } catch (error) {
        if (!(error instanceof ApiError && (error.unsure || error.passing))) throw error;
        failure = error;
      }
      const lost = answered && changed.filter((key) => !sameAt(answered, document, key));
      if (lost && lost.length > 0)
        throw new SettingsError(
          "read-back",
          `${where()}: Immich took the settings and has another value than the one sent for ${lost.join(", ")}. Look at Immich's log.`,
        );
      const found = await look(api, failure, where);
      if (changed.every((key) => sameAt(found, document, key))) return;
      if (!failure)
        throw savedMeanwhile(
          `${where()}: each time, somebody has saved other settings in Immich right after.`,
        );
      if (failure.passing && (failure.waitMs ?? 0) <= LONGEST_WAIT_MS)
        throw new Again(failure, failure.waitMs ?? 1_000);
      throw failure;
    },
  };
}

/** What is there after a save, also after one that got no answer, or an odd one. */
async function look(
  api: ImmichApi,
  failure: ApiError | undefined,
  where: () => string,
): Promise<JsonObject> {
  try {
    return await api.config();
  } catch (error) {
    const first = failure ?? (error as Error);
    throw new SettingsError(
      "commit-unknown",
      `${where()}: the settings were sent, and after that Immich could not be asked whether it has them: ${first.message}\n` +
        `They are either all old or all new. Run the same command again: it looks at what is there, and finishes.`,
    );
  }
}

function savedMeanwhile(message: string): Again {
  return new Again(
    new SettingsError("locked", `${message} Wait for it to end, then run the same command again.`),
    200,
  );
}

/** The leaves that differ. */
function changes(before: JsonObject, after: JsonObject): string[] {
  const keys = new Set([...leaves(plain(before)), ...leaves(plain(after))]);
  return [...keys].filter((key) => !sameAt(before, after, key));
}

const sameAt = (a: JsonObject, b: JsonObject, key: string): boolean =>
  sameValue(get(plain(a), key), get(plain(b), key));

/** As JavaScript has it. */
function plain(value: Json | undefined): unknown {
  return value === undefined ? undefined : (JSON.parse(stringify(value)) as unknown);
}

function split(key: string): readonly [group: string, name: string] {
  const [group = "", ...name] = key.split(".");
  return [group, name.join(".")];
}

function at(document: JsonObject, key: string): Json | undefined {
  const [group, name] = split(key);
  const inner = document[group];
  return isObject(inner) ? inner[name] : undefined;
}

function withValue(document: JsonObject, key: string, value: Json): JsonObject {
  const [group, name] = split(key);
  const inner = document[group];
  return { ...document, [group]: { ...(isObject(inner) ? inner : {}), [name]: value } };
}

function withoutValue(document: JsonObject, key: string): JsonObject {
  const [group, name] = split(key);
  const inner = document[group];
  if (!isObject(inner)) return document;
  const rest = Object.entries(inner).filter(([other]) => other !== name);
  return { ...document, [group]: Object.fromEntries(rest) };
}

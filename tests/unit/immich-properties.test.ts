/** Promises of both stores, over random contents and random settings to own. */
import fc from "fast-check";
import { isObject, type Json, type JsonObject, parse, stringify } from "../../immich/json";
import type { ApplyOptions } from "../../immich/options";
import { planApply, planRestore } from "../../immich/plan";
import { asImmichReads, effective, toPath } from "../../immich/reading";
import { type ConfigRows, systemConfig } from "../../immich/stores/systemConfig";
import { type Document, systemMetadata } from "../../immich/stores/systemMetadata";
import type { Store } from "../../immich/stores/store";
import type { Settings } from "../../immich/types";
import { configRows, documentText, ownedSettings } from "../support/immichArbitraries";
import { saved, savedDocument } from "../support/immichSave";

const NEW = "3.2.2";
const OLD = "1.105.1";
const RUNS = { numRuns: 80 };

const documents: fc.Arbitrary<Document> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ value: undefined }) },
  { weight: 9, arbitrary: documentText(NEW).map((text) => ({ value: parse(text) })) },
);

interface Case<State> {
  readonly store: Store<State>;
  readonly version: string;
  readonly states: fc.Arbitrary<State>;
  /** Everything but the owned settings, for comparing. */
  others(state: State, owned: Settings): unknown;
  /** After an admin's Save. */
  save(state: State): State;
}

const metadata: Case<Document> = {
  store: systemMetadata,
  version: NEW,
  states: documents,
  others: ({ value }, owned) => withoutOwned(value ?? {}, owned),
  save: ({ value }) => ({
    value: savedDocument(JSON.parse(stringify(value ?? {})), NEW) as Json,
  }),
};

const config: Case<ConfigRows> = {
  store: systemConfig,
  version: OLD,
  states: configRows(OLD),
  others: (rows, owned) => Object.entries(rows).filter(([key]) => !Object.hasOwn(owned, key)),
  save: (rows) =>
    Object.fromEntries(
      Object.entries(saved(systemConfig.overrides(rows), OLD, "system_config")).map(
        ([key, value]) => [key, JSON.stringify(value)],
      ),
    ),
};

describe("system_metadata", () => promises(metadata));
describe("system_config", () => promises(config));

function promises<State>({ store, version, states, others, save }: Case<State>): void {
  const options = (settings: Settings): ApplyOptions => ({
    store: store.name,
    version,
    settings,
  });
  const owned = ownedSettings(version, store.name);
  const seen = (state: State, names: readonly string[]): unknown[] => {
    const read = asImmichReads(store.overrides(state), version, store.name);
    return names.map((name) => effective(read, name));
  };
  /** Settings and contents that are refused together (OAuth on without a client, say) prove nothing here. */
  const plan = (state: State, settings: Settings): ReturnType<typeof planApply<State>> => {
    try {
      return planApply(store, state, options(settings));
    } catch (error) {
      fc.pre(!/login would not work|hides/.test(String(error)));
      throw error;
    }
  };

  test("what is wanted is what Immich reads, and every other value is as it was", () => {
    fc.assert(
      fc.property(states, owned, (before, settings) => {
        const { after } = plan(before, settings);
        expect(seen(after, Object.keys(settings))).toEqual(Object.values(settings));
        expect(others(after, settings)).toEqual(others(before, settings));
      }),
      RUNS,
    );
  });

  test("a second time writes nothing", () => {
    fc.assert(
      fc.property(states, owned, (before, settings) => {
        const { after, previous } = plan(before, settings);
        const again = planApply(store, after, {
          ...options(settings),
          snapshot: previous,
          deployed: settings,
        });
        expect(store.same(again.after, after)).toBe(true);
        expect(again).toMatchObject({ changed: [], interrupted: false, previous });
      }),
      RUNS,
    );
  });

  test("what was written and put back is what was there, absent things absent", () => {
    fc.assert(
      fc.property(states, owned, (before, settings) => {
        const { after, previous } = plan(before, settings);
        // Through JSON, as a state file keeps it.
        const kept = JSON.parse(JSON.stringify(previous)) as typeof previous;
        const back = planRestore(store, after, {
          store: store.name,
          version,
          previous: kept,
          deployed: settings,
        });
        expect(back.leftAlone).toEqual([]);
        expect(back.after).toEqual(before);
        expect(store.same(back.after, before)).toBe(true);
      }),
      RUNS,
    );
  });

  test("settings given up one after the other leave what was there", () => {
    fc.assert(
      fc.property(states, owned, owned, (before, first, second) => {
        const one = plan(before, first);
        const wanted = { ...second };
        const keep = (name: string): boolean => Object.hasOwn(wanted, name);
        const entries = Object.entries(one.previous);
        let two: ReturnType<typeof planApply<State>>;
        try {
          two = planApply(store, one.after, {
            ...options(wanted),
            deployed: first,
            snapshot: Object.fromEntries(entries.filter(([name]) => keep(name))),
            restore: Object.fromEntries(entries.filter(([name]) => !keep(name))),
          });
        } catch (error) {
          fc.pre(!/login would not work|hides/.test(String(error)));
          throw error;
        }
        expect(two.leftAlone).toEqual([]);
        const { previous } = two;
        const told = { store: store.name, version, previous, deployed: wanted };
        expect(planRestore(store, two.after, told).after).toEqual(before);
      }),
      RUNS,
    );
  });

  test("an admin's Save is no drift, and what was there comes back after it too", () => {
    fc.assert(
      fc.property(states, owned, (before, settings) => {
        const names = Object.keys(settings);
        const { after, previous } = plan(before, settings);
        const tidied = save(after);
        expect(seen(tidied, names)).toEqual(Object.values(settings));
        const told = { store: store.name, version, previous, deployed: settings };
        const back = planRestore(store, tidied, told);
        expect(back.leftAlone).toEqual([]);
        expect(seen(back.after, names)).toEqual(seen(before, names));
      }),
      RUNS,
    );
  });

  test("a setting that somebody changed is left alone and named, the others go back", () => {
    fc.assert(
      fc.property(states, owned, fc.nat(), (before, settings, index) => {
        const names = Object.keys(settings);
        const mine = names[index % names.length] ?? "";
        const { after, previous } = plan(before, settings);
        const theirs = "https://somebody.else";
        const touched = store.set(after, mine, JSON.stringify(theirs));
        const told = { store: store.name, version, previous, deployed: settings };
        const back = planRestore(store, touched, told);
        expect(back.leftAlone).toEqual([mine]);
        expect(seen(back.after, [mine])).toEqual([theirs]);
        const rest = names.filter((name) => name !== mine);
        expect(seen(back.after, rest)).toEqual(seen(before, rest));
      }),
      RUNS,
    );
  });
}

test("what was recorded in the old store comes back in the new one after an upgrade", () => {
  fc.assert(
    fc.property(configRows(OLD), ownedSettings(OLD, "system_config"), (before, settings) => {
      const options = { store: "system_config", version: OLD, settings } as const;
      let after: ConfigRows;
      let previous;
      try {
        ({ after, previous } = planApply(systemConfig, before, options));
      } catch (error) {
        fc.pre(!/login would not work/.test(String(error)));
        throw error;
      }
      const upgraded = upgrade(after);
      const told = { store: "system_metadata", previous, deployed: settings } as const;
      const back = planRestore(systemMetadata, upgraded, { ...told, version: "1.106.1" });
      expect(back.leftAlone).toEqual([]);
      const names = Object.keys(settings);
      const read = (state: Document): unknown[] => {
        const values = asImmichReads(systemMetadata.overrides(state), "1.106.1", "system_metadata");
        return names.map((name) => effective(values, name));
      };
      expect(read(back.after)).toEqual(read(upgrade(before)));
    }),
    RUNS,
  );
});

/** Immich's own upgrade from the old store to the new one: each row nested into the document. */
function upgrade(rows: ConfigRows): Document {
  const document: JsonObject = {};
  for (const [key, text] of Object.entries(rows)) {
    const [group = "", leaf = ""] = key.split(".");
    const inner = document[group];
    document[group] = { ...(isObject(inner) ? inner : {}), [leaf]: parse(text ?? "null") };
  }
  return { value: document };
}

/** A document without the owned settings, however they are spelled, and without objects that are empty then. */
function withoutOwned(document: Json, owned: Settings): Json {
  if (!isObject(document)) return document;
  const isOwned = (name: string): boolean => Object.hasOwn(owned, toPath(name).join("."));
  const groups = new Set(Object.keys(owned).map((name) => name.split(".")[0] ?? ""));
  const hidden = new Set(Object.keys(document).filter((name) => Object.hasOwn(owned, name)));
  const entries = Object.entries(document).flatMap(([name, value]): [string, Json][] => {
    if (!groups.has(name) || !isObject(value)) return isOwned(name) ? [] : [[name, value]];
    // A nested one that a flat one hides from Immich is not owned, and must stay.
    const inner = Object.entries(value).filter(
      ([leaf]) => !isOwned(`${name}.${leaf}`) || hidden.has(`${name}.${leaf}`),
    );
    return inner.length === 0 ? [] : [[name, Object.fromEntries(inner)]];
  });
  return Object.fromEntries(entries);
}

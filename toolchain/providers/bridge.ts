// Resources described by a table of properties, with the manners of a bridged Terraform provider: names
// made up where none is given, defaults, comparison of what is with what is wanted, refresh, import.

import { createHmac, randomBytes } from "node:crypto";

import { changesBetween } from "../../plugin/difference";
import type { Change, Failure, Resource, Session } from "../../plugin/provider";
import { inputsOf, plan } from "./plan";
import { alike, coerced, present, snake, wrongType, type Properties } from "./properties";
import { secretOf, UNKNOWN, type Value, type Values } from "../../plugin/wire";

/** What a bridged resource does. `wanted` has every default filled in. */
export interface Operations {
  create(wanted: Values, session: Session): Promise<{ id: string; state: Values }>;
  /** Undefined: it is gone. `state` is empty on import. */
  read(
    id: string,
    state: Values,
    session: Session,
  ): Promise<{ id: string; state: Values } | undefined>;
  update(id: string, state: Values, wanted: Values, session: Session): Promise<Values>;
  delete(id: string, state: Values, session: Session): Promise<void>;
}

/** How a bridged provider differs from others. */
export interface Manners {
  /**
   * Bridged when the plugin was built (defaults are among the inputs, what is absent is null, a difference goes
   * down to the elements that differ), or when it runs (a difference is the names of properties).
   */
  readonly bridged: "built" | "running";
  /** Whether the id is among the outputs. */
  readonly idAmongOutputs: boolean;
  readonly deleteFirst?: boolean;
  readonly stables?: readonly string[];
  /** Tells of an error as the official plugin does, and words it as its answer. */
  readonly failed: (error: Error, doing: string, urn: string, session: Session) => Error;
}

/** Makes a resource out of its table and its operations. */
export function bridged(
  properties: Properties,
  operations: Operations,
  manners: Manners,
): Resource {
  const secrets = Object.keys(properties).filter((key) => properties[key]?.secret);
  const built = manners.bridged === "built";

  /** Outputs as the engine is told them. */
  const told = (state: Values, id: string): Values => {
    const values: Values = {};
    for (const [key, property] of Object.entries(properties)) {
      const value = state[key];
      if (value !== undefined && value !== null) {
        values[key] = property.type === "set" && Array.isArray(value) ? [...value].sort() : value;
      } else if (built) values[key] = property.secret ? secretOf(null) : null;
    }
    return manners.idAmongOutputs ? { ...values, id } : values;
  };

  /** Whoever waits for an operation is told of its error as by the official plugin. */
  const asked = async <T>(
    doing: string,
    urn: string,
    session: Session,
    work: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw manners.failed(error as Error, doing, urn, session);
    }
  };

  return {
    secrets,

    check(news, olds, { name, seed }) {
      const inputs: Values = {};
      const failures: Failure[] = [];
      const defaults: string[] = [];
      const oldDefaults = Array.isArray(olds["__defaults"]) ? olds["__defaults"] : [];
      const fail = (reason: string, key: string): void => {
        failures.push({ property: "", reason: `${reason}. Examine values at '${name}.${key}'.` });
      };
      for (const [key, value] of Object.entries(news)) {
        if (key.startsWith("__") || value === null) continue;
        inputs[key] = coerced(value, properties[key]);
        // An object's id goes by the name of "id" there, and cannot be asked for.
        if (!properties[key] || properties[key].isId) fail("Invalid or unknown key", key);
      }
      for (const [key, property] of Object.entries(properties)) {
        if (inputs[key] === undefined) {
          const old = !built || oldDefaults.includes(key) ? olds[key] : undefined;
          const made = property.autoNamed
            ? (old ?? `${name}-${suffix(seed)}`)
            : built && property.default !== false
              ? property.default
              : undefined;
          if (made !== undefined) {
            inputs[key] = made;
            defaults.push(key);
          } else if (property.required) {
            const reason = `Missing required argument. The argument "${snake(key)}" is required, but no definition was found.`;
            fail(reason, key);
          }
          continue;
        }
        const value = inputs[key];
        const reason =
          value === UNKNOWN
            ? undefined
            : (wrongType(value, property) ?? property.check?.(value, snake(key)));
        if (reason) fail(reason, key);
        if (value === UNKNOWN && property.secret && !built) inputs[key] = secretOf(value);
      }
      if (built) inputs["__defaults"] = defaults.sort();
      return { inputs, failures };
    },

    diff(known, inputs) {
      const state = given(known.state);
      const wanted = plan(properties, inputs, state);
      const changes: Record<string, Change> = {};
      for (const [key, property] of Object.entries(properties)) {
        if (property.output || property.writeOnly) continue;
        // The service decides, and has not said what: nothing that anybody wants differs.
        if (property.computed && inputs[key] === undefined) continue;
        const from = present(state[key], property);
        const to = present(wanted[key], property);
        if (from !== undefined && to !== undefined && alike(property, from, to)) continue;
        const between = property.type === "set" ? changesOfSets : changesBetween;
        Object.assign(changes, between(key, from, to, property.replaces === true));
      }
      const { deleteFirst, stables } = manners;
      return { changes, deleteFirst, stables, namesOnly: !built };
    },

    previewCreate(inputs) {
      return told(plan(properties, inputs, {}), UNKNOWN);
    },

    async create({ urn }, inputs, session) {
      const wanted = plan(properties, inputs, undefined);
      const { id, state } = await asked("creating", urn, session, () =>
        operations.create(wanted, session),
      );
      return { id, state: told(withoutNewLists(properties, state, {}, wanted), id) };
    },

    async read(known, session) {
      const found = await asked("refreshing", known.urn, session, () =>
        operations.read(known.id, given(known.state), session),
      );
      if (!found) return undefined;
      const state = told(found.state, found.id);
      return { id: found.id, inputs: inputsOf(properties, known, state, manners), state };
    },

    previewUpdate(known, inputs) {
      const state = given(known.state);
      const kept = Object.entries(state).filter(([key, value]) => {
        const property = properties[key];
        return property !== undefined && present(value, property) === undefined;
      });
      const wanted = plan(properties, inputs, state);
      return told({ ...Object.fromEntries(kept), ...wanted }, known.id);
    },

    async update(known, inputs, session) {
      const state = given(known.state);
      const wanted = plan(properties, inputs, state);
      const now = await asked("updating", known.urn, session, () =>
        operations.update(known.id, state, wanted, session),
      );
      return told(withoutNewLists(properties, now, state, wanted), known.id);
    },

    async delete(known, session) {
      await asked("deleting", known.urn, session, () =>
        operations.delete(known.id, given(known.state), session),
      );
    },
  };
}

/** What is known, without what is known to be absent. */
function given(state: Values): Values {
  return Object.fromEntries(Object.entries(state).filter(([, value]) => value !== null));
}

/** An empty list that nobody asked for is absent until it has been read. */
function withoutNewLists(
  properties: Properties,
  now: Values,
  before: Values,
  wanted: Values,
): Values {
  return Object.fromEntries(
    Object.entries(now).filter(([key, value]) => {
      const empty = Array.isArray(value) && value.length === 0;
      const computed = properties[key]?.computed === true;
      return !empty || computed || before[key] !== undefined || wanted[key] !== undefined;
    }),
  );
}

/** Sets differ by their elements, wherever these stand. */
function changesOfSets(
  key: string,
  from: Value | undefined,
  to: Value | undefined,
  replace: boolean,
): Record<string, Change> {
  if (!Array.isArray(from) || !Array.isArray(to)) return changesBetween(key, from, to, replace);
  const changes: Record<string, Change> = {};
  for (let index = 0; index < Math.max(from.length, to.length); index += 1) {
    const gone = index < from.length && !to.includes(from[index] as Value);
    const come = index < to.length && !from.includes(to[index] as Value);
    if (!gone && !come) continue;
    const change = gone && come ? "update" : gone ? "delete" : "add";
    changes[`${key}[${index}]`] = replace ? `${change}-replace` : change;
  }
  return changes;
}

function suffix(seed: Buffer): string {
  const hash =
    seed.length > 0 ? createHmac("sha256", seed).update("name").digest() : randomBytes(8);
  return hash.toString("hex").slice(0, 7);
}

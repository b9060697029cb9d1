// Resources described by a table of properties, with the manners of a bridged Terraform provider: names
// made up where none is given, defaults, comparison of what is with what is wanted, refresh, import.

import { createHmac, randomBytes } from "node:crypto";

import { changesBetween } from "../../plugin/difference";
import type { Change, Failure, Resource, Session } from "../../plugin/provider";
import { inOldOrder, inputsOf, plan } from "./plan";
import { alike, clean, coerced, present, snake, wrongType, type Properties } from "./properties";
import { UNKNOWN, type Values } from "../../plugin/wire";

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
  /** Whether defaults show among the inputs (bridged at build time) or in the state alone (at run time). */
  readonly defaultsAmongInputs: boolean;
  readonly deleteFirst?: boolean;
}

/** Makes a resource out of its table and its operations. */
export function bridged(
  properties: Properties,
  operations: Operations,
  manners: Manners,
): Resource {
  const secrets = Object.keys(properties).filter((key) => properties[key]?.secret);
  return {
    secrets,

    check(news, olds, { name, seed }) {
      const inputs: Values = {};
      const failures: Failure[] = [];
      const defaults: string[] = [];
      const oldDefaults = Array.isArray(olds["__defaults"]) ? olds["__defaults"] : [];
      for (const [key, value] of Object.entries(news)) {
        if (!key.startsWith("__") && value !== null) inputs[key] = coerced(value, properties[key]);
      }
      for (const [key, property] of Object.entries(properties)) {
        if (inputs[key] === undefined) {
          const old = oldDefaults.includes(key) ? olds[key] : undefined;
          const made = property.autoNamed
            ? (old ?? `${name}-${suffix(seed)}`)
            : manners.defaultsAmongInputs
              ? property.default
              : undefined;
          if (made !== undefined) {
            inputs[key] = made;
            defaults.push(key);
          } else if (property.required) {
            failures.push({
              property: "",
              reason: `Missing required argument. The argument "${snake(key)}" is required, but no definition was found.. Examine values at '${name}.${key}'.`,
            });
          }
          continue;
        }
        const value = inputs[key];
        const reason =
          value === UNKNOWN
            ? undefined
            : (wrongType(value, property) ?? property.check?.(value, snake(key)));
        if (reason)
          failures.push({ property: "", reason: `${reason}. Examine values at '${name}.${key}'.` });
      }
      inputs["__defaults"] = defaults;
      return { inputs, failures };
    },

    diff(known, inputs) {
      const wanted = plan(properties, inputs, known.state);
      const changes: Record<string, Change> = {};
      for (const [key, property] of Object.entries(properties)) {
        if (property.output || property.writeOnly) continue;
        // The service decides, and has not said what: nothing that anybody wants differs.
        if (property.computed && inputs[key] === undefined) continue;
        const from = present(known.state[key]);
        const to = present(wanted[key]);
        if (from !== undefined && to !== undefined && alike(property, from, to)) continue;
        Object.assign(changes, changesBetween(key, from, to, property.replaces === true));
      }
      return { changes, deleteFirst: manners.deleteFirst };
    },

    previewCreate(inputs) {
      return clean(plan(properties, inputs, {}));
    },

    async create(_about, inputs, session) {
      const wanted = plan(properties, inputs, undefined);
      const { id, state } = await operations.create(wanted, session);
      return { id, state: clean({ ...state }) };
    },

    async read(known, session) {
      const found = await operations.read(known.id, known.state, session);
      if (!found) return undefined;
      const state = clean(inOldOrder(properties, known.state, found.state));
      return { id: found.id, inputs: inputsOf(properties, known, state), state };
    },

    previewUpdate(known, inputs) {
      return clean(plan(properties, inputs, known.state));
    },

    async update(known, inputs, session) {
      const wanted = plan(properties, inputs, known.state);
      return clean(await operations.update(known.id, known.state, wanted, session));
    },

    async delete(known, session) {
      await operations.delete(known.id, known.state, session);
    },
  };
}

function suffix(seed: Buffer): string {
  const hash =
    seed.length > 0 ? createHmac("sha256", seed).update("name").digest() : randomBytes(8);
  return hash.toString("hex").slice(0, 7);
}

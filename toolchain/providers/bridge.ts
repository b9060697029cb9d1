// Resources described by a table of properties, with the manners of a bridged Terraform provider: names
// made up where none is given, defaults, comparison of what is with what is wanted, refresh, import.

import { createHmac, randomBytes } from "node:crypto";

import { changesBetween } from "./difference";
import type { Change, Failure, Known, Resource, Session } from "./provider";
import { isObject, same, UNKNOWN, type Value, type Values } from "./wire";

/** One property of a resource. */
export interface Property {
  readonly type: "string" | "number" | "boolean" | "list" | "set" | "map";
  readonly required?: boolean;
  /** The service knows it, or makes it up when it is left out. */
  readonly computed?: boolean;
  /** An input only by the name of it: its value is the service's. */
  readonly output?: boolean;
  readonly default?: Value;
  readonly secret?: boolean;
  /** A change of it means a new resource. */
  readonly replaces?: boolean;
  /** Made up from the resource's name in the program when it is left out. */
  readonly autoNamed?: boolean;
  /** What is wrong with a value; undefined: nothing. */
  readonly check?: (value: Value, property: string) => string | undefined;
  /** Whether two different values mean the same. */
  readonly alike?: (was: Value, wanted: Value) => boolean;
}

/** The table of a resource's properties, by Pulumi's names. */
export type Properties = Readonly<Record<string, Property>>;

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
        if (property.output) continue;
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

/** A check for one of several texts. */
export function oneOf(...allowed: string[]): NonNullable<Property["check"]> {
  return (value, property) =>
    allowed.includes(String(value))
      ? undefined
      : `expected ${property} to be one of [${allowed.map((item) => `"${item}"`).join(" ")}], got ${String(value)}`;
}

/** The Terraform name of a property. */
export function snake(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * What the resource is to be: the inputs, then defaults, then what the service decided before.
 *
 * @param state The state before; empty in the preview of a creation, where what the service decides is
 *   unknown; undefined in a creation, where it is absent.
 */
function plan(properties: Properties, inputs: Values, state: Values | undefined): Values {
  const wanted: Values = {};
  for (const [key, property] of Object.entries(properties)) {
    const value = property.output ? undefined : (inputs[key] ?? property.default);
    if (value !== undefined && value !== null) wanted[key] = value;
    else if (property.computed && state) wanted[key] = state[key] ?? UNKNOWN;
  }
  return wanted;
}

/** The inputs after a refresh: those there were, with the values of now. On import: all that matter. */
function inputsOf(properties: Properties, known: Known, state: Values): Values {
  const importing = Object.keys(known.oldInputs).length === 0;
  const inputs: Values = {};
  for (const [key, property] of Object.entries(properties)) {
    const value = state[key];
    if (property.output || value === undefined) continue;
    if (importing) {
      const trivial = same(value, property.default) || same(value, false) || same(value, 0);
      if (!trivial && !(property.computed && property.secret)) inputs[key] = value;
    } else if (key in known.oldInputs) {
      const old = known.oldInputs[key];
      inputs[key] = old !== undefined && alike(property, old, value) ? old : value;
    } else if (
      !property.computed &&
      !same(value, property.default) &&
      present(value) !== undefined
    ) {
      // Somebody else set what the program leaves out.
      if (!same(value, false) && !same(value, 0)) inputs[key] = value;
    }
  }
  inputs["__defaults"] = known.oldInputs["__defaults"] ?? [];
  return inputs;
}

/** Sets have no order of their own: what was there stays where it was, for the sake of a readable diff. */
function inOldOrder(properties: Properties, before: Values, now: Values): Values {
  const ordered: Values = { ...now };
  for (const [key, { type }] of Object.entries(properties)) {
    const [old, items] = [before[key], now[key]];
    if (type !== "set" || !Array.isArray(old) || !Array.isArray(items)) continue;
    const place = (item: Value): number => (old.includes(item) ? old.indexOf(item) : old.length);
    ordered[key] = [...items].sort((a, b) => place(a) - place(b));
  }
  return ordered;
}

function alike(property: Property, was: Value, wanted: Value): boolean {
  if (wanted === UNKNOWN) return false;
  if (property.type === "set" && Array.isArray(was) && Array.isArray(wanted)) {
    return same([...was].sort(), [...wanted].sort());
  }
  return same(was, wanted) || property.alike?.(was, wanted) === true;
}

/** Undefined for what Terraform takes for absent: nothing, an empty text, an empty list. */
function present(value: Value | undefined): Value | undefined {
  if (value === null || value === "" || value === undefined) return undefined;
  if (Array.isArray(value) && value.length === 0) return undefined;
  if (isObject(value) && Object.keys(value).length === 0) return undefined;
  return value;
}

function clean(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => present(value) !== undefined),
  );
}

/** Texts that are numbers or flags, and the other way round, where the table says so. */
function coerced(value: Value, property: Property | undefined): Value {
  if (value === UNKNOWN || !property) return value;
  const { type } = property;
  if (type === "string" && (typeof value === "number" || typeof value === "boolean"))
    return String(value);
  if (type === "number" && typeof value === "string" && value.trim() !== "") {
    const number = Number(value);
    return Number.isNaN(number) ? value : number;
  }
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}

function wrongType(value: Value, property: Property): string | undefined {
  const is = Array.isArray(value) ? "list" : isObject(value) ? "map" : typeof value;
  const must = property.type === "set" ? "list" : property.type;
  return is === must ? undefined : `expected type ${must}, got ${is}`;
}

function suffix(seed: Buffer): string {
  const hash =
    seed.length > 0 ? createHmac("sha256", seed).update("name").digest() : randomBytes(8);
  return hash.toString("hex").slice(0, 7);
}

// From inputs to what a resource is to be, and back from what it is to its inputs.

import type { Known } from "../../plugin/provider";
import { alike, present, type Properties } from "./properties";
import { same, UNKNOWN, type Value, type Values } from "../../plugin/wire";

/**
 * What the resource is to be: the inputs, then defaults, then what the service decided before.
 *
 * @param state The state before; empty in the preview of a creation, where what the service decides is
 *   unknown; undefined in a creation, where it is absent.
 */
export function plan(properties: Properties, inputs: Values, state: Values | undefined): Values {
  const wanted: Values = {};
  for (const [key, property] of Object.entries(properties)) {
    const value = property.output ? undefined : (inputs[key] ?? property.default);
    if (value !== undefined && value !== null) wanted[key] = value;
    else if (property.computed && state) wanted[key] = state[key] ?? UNKNOWN;
  }
  return wanted;
}

/** The inputs after a refresh: those there were, with the values of now. On import: all that matter. */
export function inputsOf(properties: Properties, known: Known, state: Values): Values {
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
export function inOldOrder(properties: Properties, before: Values, now: Values): Values {
  const ordered: Values = { ...now };
  for (const [key, { type }] of Object.entries(properties)) {
    const [old, items] = [before[key], now[key]];
    if (type !== "set" || !Array.isArray(old) || !Array.isArray(items)) continue;
    const place = (item: Value): number => (old.includes(item) ? old.indexOf(item) : old.length);
    ordered[key] = [...items].sort((a, b) => place(a) - place(b));
  }
  return ordered;
}

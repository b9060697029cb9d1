// From inputs to what a resource is to be, and back from what it is to its inputs.

import type { Known } from "../../plugin/provider";
import type { Properties } from "./properties";
import { isObject, same, UNKNOWN, type Value, type Values } from "../../plugin/wire";

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

/**
 * The inputs after a refresh: those that there were, with the values of now. Of a list, as many elements as there
 * were at most: one that was added is not among them. On import: all that is not empty.
 */
export function inputsOf(
  properties: Properties,
  known: Known,
  state: Values,
  { bridged }: { readonly bridged: "built" | "running" },
): Values {
  const inputs: Values = {};
  const defaults: Value[] = [];
  const importing = Object.keys(known.oldInputs).length === 0;
  for (const [key, property] of Object.entries(properties)) {
    const value = state[key];
    if (importing) {
      const empty = !value || (Array.isArray(value) && value.length === 0);
      const hidden =
        (property.output && !property.isId) ||
        (bridged === "built" && same(value, property.default));
      if (!empty && !hidden && !isMarkedNull(value)) inputs[key] = value;
      continue;
    }
    const old = known.oldInputs[key];
    if (old === undefined || value === undefined) continue;
    inputs[key] = property.alike?.(value ?? "", old) ? old : followed(old, value);
    if (wasDefault(known, key) && same(inputs[key], old)) defaults.push(key);
  }
  if (defaults.length > 0) inputs["__defaults"] = defaults.sort();
  return inputs;
}

function wasDefault(known: Known, key: string): boolean {
  const defaults = known.oldInputs["__defaults"];
  return Array.isArray(defaults) && defaults.includes(key);
}

function followed(old: Value, now: Value): Value {
  if (!Array.isArray(old) || !Array.isArray(now)) return now;
  return now.slice(0, old.length);
}

function isMarkedNull(value: Value): boolean {
  return isObject(value) && value["value"] === null;
}

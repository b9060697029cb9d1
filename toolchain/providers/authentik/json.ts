// Properties that are JSON in a text.

import { same, type Value } from "../../../plugin/wire";

/** What is wrong with a text that must be JSON; undefined: nothing. */
export function checkJson(value: Value): string | undefined {
  return parsed(value) === undefined ? "it is not JSON" : undefined;
}

/** Whether two texts are the same JSON. */
export function alikeJson(a: Value, b: Value): boolean {
  const left = parsed(a);
  return left !== undefined && same(left, parsed(b));
}

function parsed(value: Value): Value | undefined {
  try {
    return JSON.parse(String(value)) as Value;
  } catch {
    return undefined;
  }
}

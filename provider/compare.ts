import { changesBetween } from "../plugin/difference";
import type { Difference } from "../plugin/provider";
import { UNKNOWN, type Values } from "../plugin/wire";

/**
 * What differs among these inputs, property by property.
 *
 * @param lenient inputs that count as unchanged while a preview does not know them yet
 */
export function inputChanges(
  olds: Values,
  news: Values,
  keys: readonly string[],
  lenient: readonly string[] = [],
): Difference {
  const changes = keys
    .filter((key) => !(lenient.includes(key) && news[key] === UNKNOWN))
    .map((key) => changesBetween(key, olds[key], news[key], false));
  return { changes: Object.assign({}, ...changes) as Difference["changes"], ofInputs: true };
}

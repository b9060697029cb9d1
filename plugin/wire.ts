// What crosses the wire between the engine and a provider: property values as `google.protobuf.Struct`,
// with Pulumi's two conventions on top (marks for secrets, a marker for "not known yet").

import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** A property value as a provider sees it. Unknown values are the string {@link UNKNOWN}. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

/** The properties of a resource, by Pulumi's names. */
export type Values = Record<string, Value>;

/** What stands in a preview for a value that only the deployment will tell. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** A value marked as a secret, whatever it is. */
export function secretOf(value: Value): Value {
  const marked = isObject(value) && value[SIGNATURE] === SECRET;
  return marked ? value : { [SIGNATURE]: SECRET, value };
}

/** Whether any part of the value is not known yet. */
export function hasUnknown(value: Value | undefined): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  if (isObject(value)) return Object.values(value).some(hasUnknown);
  return false;
}

/** Whether the value is an object with properties of its own. */
export function isObject(value: Value | undefined): value is { [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two values are the same, whatever the order of their properties. */
export function same(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => same(a[key], b[key]));
  }
  return false;
}

/** Reads properties as the engine sent them; secrets lose their wrapping. */
export function fromStruct(struct: Struct | undefined): Values {
  if (!struct) return {};
  return plain(struct.toJavaScript() as Value) as Values;
}

/** Writes properties for the engine, those of the given names marked as secrets (where they are known). */
export function toStruct(values: Values, secrets: readonly string[] = []): Struct {
  const out: Values = {};
  for (const [key, value] of Object.entries(values) as [string, Value | undefined][]) {
    if (value === undefined) continue;
    const mark = secrets.includes(key) && ![null, UNKNOWN, ""].includes(value as string);
    out[key] = mark ? secretOf(value) : value;
  }
  return Struct.fromJavaScript(out as Parameters<typeof Struct.fromJavaScript>[0]);
}

function plain(value: Value): Value {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  if (value[SIGNATURE] === SECRET) return plain(value["value"] ?? null);
  if (value[SIGNATURE] === OUTPUT) return plain(value["value"] ?? UNKNOWN);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

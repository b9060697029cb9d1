/** Fields that name other objects by their key, and what the keys look like. */
import type { Field } from "./fields";
import { NULL, notAList, wrong } from "./fields";
import { Float, intFrom, isObject, str, typeName } from "./values";

/** The UUID that a value is, in Authentik's writing of it; undefined for what is none. */
export function uuidFrom(value: unknown): string | undefined {
  const hex =
    typeof value === "number" || typeof value === "bigint"
      ? BigInt(value).toString(16).padStart(32, "0")
      : typeof value === "string"
        ? value
            .replaceAll("urn:", "")
            .replaceAll("uuid:", "")
            .replace(/^[{}]+|[{}]+$/g, "")
        : "";
  const digits = hex.replaceAll("-", typeof value === "string" ? "" : "-").toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits)
    ? digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
    : undefined;
}

/** The number that a value is as a key; undefined for what is none. Parts of a number are cut off. */
export function numberFrom(value: unknown): number | undefined {
  if (value instanceof Float)
    return Number.isFinite(value.value) ? Math.trunc(value.value) : undefined;
  if (!["str", "int"].includes(typeName(value))) return undefined;
  const number = intFrom(str(value));
  return number === undefined ? undefined : Number(number);
}

const missing = (pk: unknown): string => `Invalid pk "${str(pk)}" - object does not exist.`;
const notAKey = (value: unknown): string =>
  `Incorrect type. Expected pk value, received ${typeName(value)}.`;

/** One kind of key: what is wrong with a value that is none, and whether an object has it. */
interface Key<K> {
  readonly from: (value: unknown) => K | undefined;
  readonly malformed: (value: unknown) => string;
  readonly exists: (key: K) => boolean;
}

/** A reference to the object with a key. An empty text is null. */
export interface Reference<K> extends Field<K> {
  /** As an element of a list, where null and the empty text are values like others. */
  readonly lookUp: Field<K>["read"];
}

function reference<K>(key: Key<K>, required: boolean): Reference<K> {
  const lookUp: Field<K>["read"] = (value) => {
    if (value === null) return wrong(missing(value));
    if (typeof value === "boolean") return wrong(notAKey(value));
    const found = key.from(value);
    if (found === undefined) return wrong(key.malformed(value));
    return key.exists(found) ? { value: found } : wrong(missing(value));
  };
  return {
    required,
    lookUp,
    read: (value) => (value === null || value === "" ? NULL : lookUp(value)),
  };
}

/** The UUID of an object that exists. */
export function uuidOf(exists: (pk: string) => boolean, required = false): Reference<string> {
  const malformed = (value: unknown): string => `“${str(value)}” is not a valid UUID.`;
  return reference({ from: uuidFrom, malformed, exists }, required);
}

/** The number of an object that exists. */
export function numberOf(exists: (pk: number) => boolean, required = false): Reference<number> {
  return reference({ from: numberFrom, malformed: notAKey, exists }, required);
}

/** A reference that may be null; an empty text is null too. */
export function maybe<K>(field: Field<K>, then?: (key: K) => string | undefined): Field<K | null> {
  return {
    initial: () => null,
    read(value) {
      if (value === null || value === "") return { value: null };
      const read = field.read(value);
      const complaint = "wrong" in read ? undefined : then?.(read.value);
      return complaint ? wrong(complaint) : read;
    },
  };
}

/** Any number of references; the first wrong one is told. An object gives its property names. */
export function manyOf<K>(field: Reference<K>): Field<K[]> {
  return {
    initial: () => [],
    read(value) {
      if (value === null) return NULL;
      if (!Array.isArray(value) && !isObject(value)) return wrong(notAList(value));
      const keys = new Set<K>();
      for (const element of Array.isArray(value) ? (value as unknown[]) : Object.keys(value)) {
        const read = field.lookUp(element);
        if ("wrong" in read) return read;
        keys.add(read.value);
      }
      return { value: [...keys] };
    },
  };
}

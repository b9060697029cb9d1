// Tables of properties: what each is, what is wrong with a value, when two values are the same.

import { isObject, same, UNKNOWN, type Value } from "../../plugin/wire";

/** One property of a resource. */
export interface Property {
  readonly type: "string" | "number" | "boolean" | "list" | "set" | "map";
  readonly required?: boolean;
  /** The service knows it, or makes it up when it is left out. */
  readonly computed?: boolean;
  /** An input only by the name of it: its value is the service's. */
  readonly output?: boolean;
  /** It is the object's id by another name. */
  readonly isId?: boolean;
  readonly default?: Value;
  readonly secret?: boolean;
  /** It is given and never kept: another property tells when it changed. */
  readonly writeOnly?: boolean;
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

/** Whether a value is what is wanted, whatever its form. */
export function alike(property: Property, was: Value, wanted: Value): boolean {
  if (wanted === UNKNOWN) return false;
  if (property.type === "set" && Array.isArray(was) && Array.isArray(wanted)) {
    return same([...was].sort(), [...wanted].sort());
  }
  return same(was, wanted) || property.alike?.(was, wanted) === true;
}

/** Undefined for what Terraform takes for absent: nothing, an empty text or list, 0 and false without a default. */
export function present(value: Value | undefined, property: Property): Value | undefined {
  if (value === null || value === "" || value === undefined) return undefined;
  if ((value === 0 || value === false) && property.default === undefined) return undefined;
  if (Array.isArray(value) && value.length === 0) return undefined;
  if (isObject(value) && Object.keys(value).length === 0) return undefined;
  return value;
}

/** Texts that are numbers or flags, and the other way round, where the table says so. */
export function coerced(value: Value, property: Property | undefined): Value {
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

/** What is wrong with the type of a value; undefined: nothing. */
export function wrongType(value: Value, property: Property): string | undefined {
  const is = Array.isArray(value) ? "list" : isObject(value) ? "map" : typeof value;
  const must = property.type === "set" ? "list" : property.type;
  return is === must ? undefined : `expected type ${must}, got ${is}`;
}

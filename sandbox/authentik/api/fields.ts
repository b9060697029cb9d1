/**
 * Validation of request bodies, with the words that Authentik (Django REST framework) answers.
 *
 * A field reads one value and says what is wrong with it; `readBody` reads all fields of a body and
 * collects what is wrong, keyed by field. Fields that name other objects are in references.ts, what a text
 * may look like in checks.ts.
 */
import type { Check } from "./checks";
import { Float, intFrom, isObject, plain, str, strip, typeName } from "./values";

/** What is wrong with a value: texts, or for nested values an object or a list of those. */
export type Complaint = readonly (string | Complaint)[] | ComplaintTree;

/** Complaints by field. */
export interface ComplaintTree {
  [field: string]: Complaint | undefined;
}

/** The outcome of reading one value. */
export type Read<T> = { readonly value: T } | { readonly wrong: Complaint };

/** Reads one kind of value. */
export interface Field<T> {
  /** Whether a body must have it (not so for a PATCH). */
  readonly required?: boolean;
  /** Taken when a new object's body leaves it out, or also when a PUT does: `always`. */
  readonly initial?: () => T;
  readonly always?: boolean;
  readonly read: (value: unknown) => Read<T>;
}

/** A set of fields, one for each property. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

export const wrong = (text: string): { wrong: Complaint } => ({ wrong: [text] });
export const NULL = wrong("This field may not be null.");

/** Settings of a text field. */
export interface TextOptions {
  readonly required?: boolean;
  readonly initial?: string | (() => string);
  readonly blank?: boolean;
  /** Longest text allowed, in characters. */
  readonly max?: number;
  /** Checks of the model, and whether it is taken. All complaints are told at once. */
  readonly checks?: readonly Check[];
  /** A check of the field's own kind, after its length. */
  readonly last?: Check;
  /** What is said of a value that is no text. */
  readonly notText?: string;
  /** A check that is made when the others found nothing. */
  readonly then?: Check;
}

/** A text. Numbers are taken for the text that they are written as. */
export function text(options: TextOptions = {}): Field<string> {
  const { initial, max, checks = [], last = () => undefined, then } = options;
  const tooLong: Check = (given) =>
    max !== undefined && [...given].length > max
      ? `Ensure this field has no more than ${max} characters.`
      : undefined;
  const hasNull: Check = (given) =>
    given.includes("\0") ? "Null characters are not allowed." : undefined;
  return {
    required: options.required,
    ...(initial === undefined
      ? {}
      : { initial: typeof initial === "function" ? initial : () => initial }),
    read(value) {
      const given = strip(str(value));
      if (given === "") {
        return options.blank ? { value: "" } : wrong("This field may not be blank.");
      }
      if (value === null) return NULL;
      if (!["str", "int", "float"].includes(typeName(value))) {
        return wrong(options.notText ?? "Not a valid string.");
      }
      const found = [...checks, tooLong, hasNull, last].flatMap((check) => check(given) ?? []);
      const complaints = found.length ? found : [then?.(given) ?? []].flat();
      return complaints.length ? { wrong: complaints } : { value: given };
    },
  };
}

/** One of some words. */
export function choice<T extends string>(words: readonly T[], initial?: T, then?: Check): Field<T> {
  return {
    required: initial === undefined,
    ...(initial === undefined ? {} : { initial: () => initial }),
    read(value) {
      if (value === null) return NULL;
      const word = words.find((one) => one === str(value));
      if (word === undefined) return wrong(`"${str(value)}" is not a valid choice.`);
      const complaint = then?.(word);
      return complaint ? wrong(complaint) : { value: word };
    },
  };
}

const TRUE = ["t", "y", "yes", "true", "on", "1"];
const FALSE = ["f", "n", "no", "false", "off", "0"];

/** True or false, in any of the words for it. */
export function flag(initial: boolean): Field<boolean> {
  return {
    initial: () => initial,
    read(value) {
      if (value === null) return NULL;
      const simple = value instanceof Float ? value.value : value;
      const word = typeof simple === "object" ? "" : String(simple).toLowerCase();
      if (TRUE.includes(word)) return { value: true };
      if (FALSE.includes(word)) return { value: false };
      return wrong("Must be a valid boolean.");
    },
  };
}

/** Settings of a whole number. */
export interface WholeOptions {
  readonly required?: boolean;
  readonly initial?: number;
  readonly min?: number;
  readonly max?: number;
}

/** Longest text that is read as a number. */
const LONGEST_NUMBER = 1000;

/** A whole number, also as a text and with zeros after the point. */
export function whole(options: WholeOptions = {}): Field<number> {
  const { initial, min = -Infinity, max = Infinity } = options;
  return {
    required: options.required,
    ...(initial === undefined ? {} : { initial: () => initial }),
    read(value) {
      if (value === null) return NULL;
      if (typeof value === "string" && [...value].length > LONGEST_NUMBER) {
        return wrong("String value too large.");
      }
      const number = intFrom(str(value).replace(/\.0*\s*$/, ""));
      if (number === undefined) return wrong("A valid integer is required.");
      if (number > max) return wrong(`Ensure this value is less than or equal to ${max}.`);
      if (number < min) return wrong(`Ensure this value is greater than or equal to ${min}.`);
      return { value: Number(number) };
    },
  };
}

/** Any JSON object. */
export function object(): Field<Record<string, unknown>> {
  return {
    initial: () => ({}),
    read: (value) =>
      value === null
        ? NULL
        : isObject(value)
          ? { value: plain(value) as Record<string, unknown> }
          : wrong("Value must be a dictionary, and not have any duplicate keys."),
  };
}

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d*)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** A point in time; without a zone it is UTC's. Null, or left out: none. */
export function dateTime(): Field<string | null> {
  const malformed = wrong(
    "Datetime has wrong format. Use one of these formats instead: " +
      "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
  );
  return {
    initial: () => null,
    read(value) {
      if (value === null) return { value: null };
      const match = typeof value === "string" ? DATE_TIME.exec(value) : null;
      if (!match) return malformed;
      const [, year, month, day, hour = "00", minute = "00", second = "00", part = "", zone = "Z"] =
        match;
      const utc = /^.\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^(.\d\d)(\d\d)$/, "$1:$2");
      const time = new Date(
        `${year}-${month}-${day}T${hour}:${minute}:${second}.${part.padEnd(3, "0").slice(0, 3)}${utc}`,
      );
      const exists = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
      return Number.isNaN(time.getTime()) || exists.getUTCDate() !== Number(day)
        ? malformed
        : { value: time.toISOString() };
    },
  };
}

/** Null, or what the other field reads. */
export function orNull<T>(field: Field<T>): Field<T | null> {
  return {
    required: field.required,
    ...(field.required ? {} : { initial: () => field.initial?.() ?? null }),
    read: (value) => (value === null ? { value: null } : field.read(value)),
  };
}

/** A field that a PUT without it sets back. */
export function setBack<T>(field: Field<T>): Field<T> {
  return { ...field, always: true };
}

export const notAList = (value: unknown): string =>
  `Expected a list of items but got type "${typeName(value)}".`;

/** A list of values that another field reads; complaints are keyed by their place in the list. */
export function listOf<T>(field: Field<T>): Field<T[]> {
  return {
    required: true,
    read(value) {
      if (value === null) return NULL;
      if (!Array.isArray(value)) return wrong(notAList(value));
      const read = (value as unknown[]).map((element) => field.read(element));
      const complaints = read.flatMap((one, at) => ("wrong" in one ? [[at, one.wrong]] : []));
      return complaints.length
        ? { wrong: Object.fromEntries(complaints) as ComplaintTree }
        : { value: read.flatMap((one) => ("wrong" in one ? [] : [one.value])) };
    },
  };
}

/** A list of objects with fields of their own; complaints keep their place in the list. */
export function listOfObjects<T>(
  fields: Fields<T>,
  then: (list: readonly T[]) => string | undefined,
): Field<T[]> {
  return {
    required: true,
    read(value) {
      if (value === null) return NULL;
      if (!Array.isArray(value)) return { wrong: { non_field_errors: [notAList(value)] } };
      const read = (value as unknown[]).map((element) =>
        element === null ? NULL : readBody(fields, element, "create"),
      );
      if (read.some((one) => "wrong" in one)) {
        return { wrong: read.map((one) => ("wrong" in one ? one.wrong : {})) };
      }
      const list = read.flatMap((one) => ("wrong" in one ? [] : [one.value]));
      const complaint = then(list);
      return complaint ? wrong(complaint) : { value: list };
    },
  };
}

/**
 * How to read a body. `create`: required fields must be there, left-out ones get their initial value.
 * `put`: required fields must be there, left-out ones stay as they are. `patch`: only what is given.
 */
export type ReadMode = "create" | "put" | "patch";

/** What a body read in a mode gives. */
export type BodyOf<T, M extends ReadMode> = M extends "create" ? T : Partial<T>;

/** Reads a body. Unknown properties are passed over, as Authentik does. */
export function readBody<T, M extends ReadMode>(
  fields: Fields<T>,
  body: unknown,
  mode: M,
): { value: BodyOf<T, M> } | { wrong: ComplaintTree } {
  if (body === null) return { wrong: { non_field_errors: ["No data provided"] } };
  if (!isObject(body)) {
    const got = typeName(body);
    return {
      wrong: { non_field_errors: [`Invalid data. Expected a dictionary, but got ${got}.`] },
    };
  }
  const value: Partial<T> = {};
  const complaints: ComplaintTree = {};
  for (const name of Object.keys(fields) as (keyof T & string)[]) {
    const field = fields[name];
    if (!Object.hasOwn(body, name)) {
      if (mode === "patch") continue;
      if (field.required) complaints[name] = ["This field is required."];
      else if (field.initial && (mode === "create" || field.always)) value[name] = field.initial();
      continue;
    }
    const read = field.read(body[name]);
    if ("wrong" in read) complaints[name] = read.wrong;
    else value[name] = read.value;
  }
  return Object.keys(complaints).length ? { wrong: complaints } : { value: value as BodyOf<T, M> };
}

/**
 * Validation of request bodies, with the words that Authentik (Django REST framework) answers.
 *
 * A field reads one value and says what is wrong with it; `readBody` reads all fields of a body and
 * collects what is wrong, keyed by field.
 */

/** What is wrong with a value: texts, or for nested values an object or a list of objects. */
export type Complaint = readonly string[] | ComplaintTree | readonly ComplaintTree[];

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
  /** Taken when a new object's body leaves it out. */
  readonly initial?: () => T;
  readonly read: (value: unknown) => Read<T>;
}

/** A set of fields, one for each property. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

const wrong = (text: string): { wrong: Complaint } => ({ wrong: [text] });
const NULL = "This field may not be null.";

/** Settings of a text field. */
export interface TextOptions {
  readonly required?: boolean;
  readonly initial?: string | (() => string);
  readonly blank?: boolean;
  /** Longest text allowed, in characters. */
  readonly max?: number;
  /** What is wrong with this text, if anything. */
  readonly check?: (text: string) => string | undefined;
}

/** A text. */
export function text(options: TextOptions = {}): Field<string> {
  const { initial } = options;
  return {
    required: options.required,
    ...(initial === undefined
      ? {}
      : { initial: typeof initial === "function" ? initial : () => initial }),
    read(value) {
      if (value === null) return wrong(NULL);
      if (typeof value !== "string" && typeof value !== "number") {
        return wrong("Not a valid string.");
      }
      const given = String(value).trim();
      if (given === "" && !options.blank) return wrong("This field may not be blank.");
      if (options.max !== undefined && given.length > options.max) {
        return wrong(`Ensure this field has no more than ${options.max} characters.`);
      }
      const complaint = options.check?.(given);
      return complaint ? wrong(complaint) : { value: given };
    },
  };
}

/** One of some words. */
export function choice<T extends string>(words: readonly T[], initial?: T): Field<T> {
  return {
    required: initial === undefined,
    ...(initial === undefined ? {} : { initial: () => initial }),
    read: (value) =>
      value === null
        ? wrong(NULL)
        : words.includes(value as T)
          ? { value: value as T }
          : wrong(`"${String(value)}" is not a valid choice.`),
  };
}

/** True or false. */
export function flag(initial: boolean): Field<boolean> {
  return {
    initial: () => initial,
    read(value) {
      if (value === null) return wrong(NULL);
      if (value === true || value === "true" || value === 1) return { value: true };
      if (value === false || value === "false" || value === 0) return { value: false };
      return wrong("Must be a valid boolean.");
    },
  };
}

/** A whole number. */
export function whole(options: { required?: boolean; initial?: number } = {}): Field<number> {
  const { initial } = options;
  return {
    required: options.required,
    ...(initial === undefined ? {} : { initial: () => initial }),
    read(value) {
      if (value === null) return wrong(NULL);
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      return typeof number === "number" && Number.isInteger(number)
        ? { value: number }
        : wrong("A valid integer is required.");
    },
  };
}

/** Any JSON object. */
export function object(): Field<Record<string, unknown>> {
  return {
    initial: () => ({}),
    read: (value) =>
      isObject(value)
        ? { value }
        : value === null
          ? wrong(NULL)
          : wrong("Value must be a dictionary."),
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

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** The UUID of an object that exists. */
export function uuidOf(exists: (pk: string) => boolean, required = false): Field<string> {
  return {
    required,
    read(value) {
      if (value === null) return wrong(NULL);
      if (typeof value !== "string" || !UUID.test(value)) {
        return wrong(`“${String(value)}” is not a valid UUID.`);
      }
      return exists(value) ? { value } : wrong(missing(value));
    },
  };
}

/** The number of an object that exists. */
export function numberOf(exists: (pk: number) => boolean, required = false): Field<number> {
  return {
    required,
    read(value) {
      if (value === null) return wrong(NULL);
      const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      if (typeof number !== "number") {
        return wrong(`Incorrect type. Expected pk value, received ${pythonType(value)}.`);
      }
      return exists(number) ? { value: number } : wrong(missing(number));
    },
  };
}

const missing = (pk: unknown): string => `Invalid pk "${String(pk)}" - object does not exist.`;

/** A list of values that another field reads; the first wrong one is told. */
export function listOf<T>(field: Field<T>): Field<T[]> {
  return {
    initial: () => [],
    read(value) {
      if (value === null) return wrong(NULL);
      if (!Array.isArray(value)) return wrong(notAList(value));
      const values: T[] = [];
      for (const element of value as unknown[]) {
        const read = field.read(element);
        if ("wrong" in read) return read;
        values.push(read.value);
      }
      return { value: values };
    },
  };
}

/** A list of objects with fields of their own; complaints keep their place in the list. */
export function listOfObjects<T>(fields: Fields<T>, required: boolean): Field<T[]> {
  return {
    required,
    read(value) {
      if (value === null) return wrong(NULL);
      if (!Array.isArray(value)) return wrong(notAList(value));
      const read = (value as unknown[]).map((element) => readBody(fields, element, "create"));
      if (!read.some((one) => "wrong" in one)) {
        return { value: read.flatMap((one) => ("wrong" in one ? [] : [one.value])) };
      }
      return { wrong: read.map((one) => ("wrong" in one ? one.wrong : {})) };
    },
  };
}

const notAList = (value: unknown): string =>
  `Expected a list of items but got type "${pythonType(value)}".`;

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
  if (!isObject(body)) {
    const got = pythonType(body);
    return {
      wrong: { non_field_errors: [`Invalid data. Expected a dictionary, but got ${got}.`] },
    };
  }
  const value: Partial<T> = {};
  const complaints: ComplaintTree = {};
  for (const name of Object.keys(fields) as (keyof T & string)[]) {
    const field = fields[name];
    if (body[name] === undefined) {
      if (field.required && mode !== "patch") complaints[name] = ["This field is required."];
      else if (field.initial && mode === "create") value[name] = field.initial();
      continue;
    }
    const read = field.read(body[name]);
    if ("wrong" in read) complaints[name] = read.wrong;
    else value[name] = read.value;
  }
  return Object.keys(complaints).length ? { wrong: complaints } : { value: value as BodyOf<T, M> };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What Python calls the type of a JSON value. */
function pythonType(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (Array.isArray(value)) return "list";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return "dict";
}

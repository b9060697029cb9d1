/** Lists: filters, search and pages, in the envelope that all of Authentik's lists have. */
import type { Call, Reply } from "../http";
import { json } from "../http";
import { uuidFrom } from "./references";
import { detail } from "./route";
import { floatFrom, intFrom, strip } from "./values";

const PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

/** A filter, by the values given for a query parameter, in the words of django-filter. */
export interface Filter<T> {
  /** Whether all values count; if not, the last one does, and an empty one is none. */
  readonly many?: boolean;
  readonly fits: (row: T, ...values: string[]) => boolean;
  /** What is wrong with a value; default: nothing ever. */
  readonly problem?: (value: string) => string | undefined;
}

const NO_NULL = "Null characters are not allowed.";
const noneOf = (value: string): string =>
  `Select a valid choice. ${value} is not one of the available choices.`;

/** Compares a property as text. */
export function equals<T>(read: (row: T) => unknown): Filter<T> {
  return {
    fits: (row, value = "") => ["", String(read(row))].includes(strip(value)),
    problem: (value) => (value.includes("\0") ? NO_NULL : undefined),
  };
}

/** Compares a property that is true or false; any other value is passed over. */
export function isTrue<T>(read: (row: T) => boolean): Filter<T> {
  return {
    fits: (row, value = "") =>
      !/^(true|false)$/i.test(value) || value.toLowerCase() === String(read(row)),
  };
}

/** Compares a whole number. */
export function isNumber<T>(read: (row: T) => number): Filter<T> {
  return {
    fits: (row, value = "") => Math.trunc(floatFrom(value) ?? NaN) === read(row),
    problem: (value) => (Number.isFinite(floatFrom(value)) ? undefined : "Enter a number."),
  };
}

/** Compares one of some words. */
export function isOneOf<T>(words: readonly string[], read: (row: T) => string): Filter<T> {
  return {
    fits: (row, value) => value === read(row),
    problem: (value) => (words.includes(value) ? undefined : noneOf(value)),
  };
}

const noUuid = (value: string): string | undefined =>
  uuidFrom(value) === undefined ? `“${value}” is not a valid UUID.` : undefined;

/** Compares a reference with the UUID of an object that exists. */
export function refersTo<T>(
  exists: (pk: string) => boolean,
  read: (row: T) => string | null | undefined,
): Filter<T> {
  return {
    fits: (row, value) => uuidFrom(value) === read(row),
    problem: (value) => {
      if (value.includes("\0")) return NO_NULL;
      if (noUuid(value)) return noUuid(value);
      return exists(uuidFrom(value) ?? "")
        ? undefined
        : "Select a valid choice. That choice is not one of the available choices.";
    },
  };
}

/** Any of some objects, each by its name or key, `of` which kind it is. */
export function isAnyOf<T>(
  names: () => readonly unknown[],
  fits: (row: T, names: readonly string[]) => boolean,
  of: "name" | "uuid" | "number" = "name",
): Filter<T> {
  return {
    many: true,
    fits: (row, ...values) => fits(row, values),
    problem: (value) => {
      if (value.includes("\0")) return NO_NULL;
      if (of === "uuid" && noUuid(value)) return noUuid(value);
      if (of === "number" && intFrom(value) === undefined)
        return `“${value}” is not a valid value.`;
      return names().map(String).includes(value) ? undefined : noneOf(value);
    },
  };
}

/** How a kind of object is listed. */
export interface Listing<T> {
  readonly filters: Readonly<Record<string, Filter<T>>>;
  /** Texts that `?search=` looks into. */
  readonly search: (row: T) => readonly string[];
  /** Property that gives the order when the request names none; default: as they were made. */
  readonly order?: (row: T) => string | number;
  readonly toWire: (row: T) => unknown;
  /** What the list tells a search field about the model; default: nothing. */
  readonly autocomplete?: unknown;
}

/** Answers a list. Parameters that are no filter are passed over. */
export function list<T>(rows: readonly T[], listing: Listing<T>, call: Call): Reply {
  let found = [...rows];
  const complaints: Record<string, string[]> = {};
  for (const [name, { many, fits, problem }] of Object.entries(listing.filters)) {
    const given = call.query.getAll(name);
    const values = many ? given : given.slice(-1).filter((value) => value !== "");
    if (!values.length) continue;
    const [complaint] = values.flatMap((value) => problem?.(value) ?? []);
    if (complaint) complaints[name] = [complaint];
    else found = found.filter((row) => fits(row, ...values));
  }
  if (Object.keys(complaints).length) return json(400, complaints);
  const search = call.query.get("search")?.toLowerCase();
  if (search) {
    found = found.filter((row) =>
      listing.search(row).some((text) => text.toLowerCase().includes(search)),
    );
  }
  const { order } = listing;
  if (order) found.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
  return page(found, listing, call);
}

function page<T>(found: readonly T[], listing: Listing<T>, call: Call): Reply {
  const asked = Number(intFrom(call.query.get("page_size") ?? "") ?? 0n);
  const size = asked > 0 ? Math.min(asked, MAX_PAGE_SIZE) : PAGE_SIZE;
  const total = Math.max(1, Math.ceil(found.length / size));
  const wanted = call.query.get("page") || "1";
  const current = wanted === "last" ? total : Number(intFrom(wanted) ?? 0n);
  if (current < 1 || current > total) {
    return detail(404, "Invalid page.");
  }
  const start = (current - 1) * size;
  const results = found.slice(start, start + size);
  return json(200, {
    pagination: {
      next: current < total ? current + 1 : 0,
      previous: current > 1 ? current - 1 : 0,
      count: found.length,
      current,
      total_pages: total,
      start_index: results.length ? start + 1 : 0,
      end_index: start + results.length,
    },
    results: results.map((row) => listing.toWire(row)),
    autocomplete: listing.autocomplete ?? {},
  });
}

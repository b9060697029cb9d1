/** Lists: filters, search and pages, in the envelope that all of Authentik's lists have. */
import type { Call, Reply } from "../http";
import { json } from "../http";
import { detail } from "./route";

const PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

/** A filter: whether an object fits one of the values given for a query parameter. */
export type Filter<T> = (row: T, values: readonly string[]) => boolean;

/** Compares a property as text. */
export function equals<T>(read: (row: T) => unknown): Filter<T> {
  return (row, values) => values.includes(String(read(row)));
}

/** Compares a property that is true or false. */
export function isTrue<T>(read: (row: T) => boolean): Filter<T> {
  return (row, values) => read(row) === (values.at(-1)?.toLowerCase() === "true");
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
  for (const [name, fits] of Object.entries(listing.filters)) {
    const values = call.query.getAll(name).filter((value) => value !== "");
    if (values.length) found = found.filter((row) => fits(row, values));
  }
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
  const asked = Number(call.query.get("page_size"));
  const size = Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_PAGE_SIZE) : PAGE_SIZE;
  const total = Math.max(1, Math.ceil(found.length / size));
  const current = Number(call.query.get("page") ?? "1");
  if (!Number.isInteger(current) || current < 1 || current > total) {
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

/**
 * JSON without loss: numbers that a double can't hold (1e400, 20-digit integers, 1.10) keep their text,
 * so that a document read from `jsonb` and written back has every other value as it was.
 */

/** A number that JavaScript would change. */
export class ExactNumber {
  constructor(readonly text: string) {}
}

/** Any JSON value. */
export type Json = null | boolean | number | string | ExactNumber | Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  [key: string]: Json;
}

// A string of PostgreSQL's jsonb can't hold NUL, which makes it a safe mark for "this was a number".
const MARK = "\u0000";
// Piece by piece, as one expression for a whole string runs out of stack on a long one.
const PIECE = /\\.|"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * @param text JSON text, as PostgreSQL prints it
 * @throws SyntaxError when it is not JSON
 */
export function parse(text: string): Json {
  const exact: string[] = [];
  let inString = false;
  const marked = text.replace(PIECE, (token) => {
    if (token === '"') inString = !inString;
    if (inString || !/\d$/.test(token) || String(Number(token)) === token) return token;
    JSON.parse(token); // refuses 007, which the mark would hide
    exact.push(token);
    return JSON.stringify(`${MARK}${exact.length - 1}`);
  });
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(MARK)) return value;
    const number = exact[Number(value.slice(1))];
    return number === undefined ? value : new ExactNumber(number);
  }) as Json;
}

/** The JSON text of a value, numbers exactly as they were read. */
export function stringify(value: Json): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(stringify).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value);
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stringify(item)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Whether a value is a JSON object: not null, not an array, not a number. */
export function isObject(value: unknown): value is JsonObject {
  return (
    value !== null &&
    typeof value === "object" &&
    !Array.isArray(value) &&
    !(value instanceof ExactNumber)
  );
}

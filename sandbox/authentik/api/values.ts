/**
 * The values of a JSON body as Authentik, which is written in Python, has them: what their types are called,
 * how they read in a message, which spaces are trimmed. Other than in JavaScript 1.0 is not 1 there.
 */

/** A number with a point or an exponent, or too large for 64 bits. */
export class Float {
  constructor(readonly value: number) {}

  toJSON(): number {
    return this.value;
  }
}

/** A value as JSON would have it again. */
export function plain(value: unknown): unknown {
  if (value instanceof Float) return value.value;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Float)
  );
}

/** What Python calls the type of a value. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (Array.isArray(value)) return "list";
  if (value instanceof Float) return "float";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  return typeof value === "number" || typeof value === "bigint" ? "int" : "dict";
}

/** A value as Python's `str()` writes it. */
export function str(value: unknown): string {
  return typeof value === "string" ? value : repr(value);
}

function repr(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number" || typeof value === "bigint") return value.toString();
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  return `{${Object.entries(value as object)
    .map(([key, one]) => `${quoted(key)}: ${repr(one)}`)
    .join(", ")}}`;
}

/** Sixteen digits before the point, four zeros after it; beyond that with an exponent. */
function floatText(value: number): string {
  const exponent = Number(value.toExponential().split("e")[1]);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  const text = Object.is(value, -0) ? "-0" : value.toString();
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text.replace(/[\\\p{C}\p{Z}']/gu, (char) => {
    if (char === " " || char === "'") return char === mark ? "\\'" : char;
    const code = char.codePointAt(0) ?? 0;
    const [letter, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
    return ESCAPES[char] ?? `\\${letter}${code.toString(16).padStart(Number(digits), "0")}`;
  });
  return mark + inner + mark;
}

/** What Python takes for white space; `\s` of JavaScript has U+FEFF besides and lacks some. */
const SPACE =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
export const NO_SPACE = `[^${SPACE}]`;
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");

/** A text without the white space at its ends. */
export function strip(text: string): string {
  return text.replace(ENDS, "");
}

/** A text as Python's `int()` reads it, spaces around and `_` between digits included; undefined for no number. */
export function intFrom(text: string): bigint | undefined {
  const digits = strip(text);
  if (!/^[+-]?\d+(_\d+)*$/.test(digits)) return undefined;
  const size = BigInt(digits.replace(/[+_-]/g, ""));
  return digits.startsWith("-") ? -size : size;
}

/** A text as Python's `float()` reads it; undefined for no number. */
export function floatFrom(text: string): number | undefined {
  const given = strip(text).toLowerCase();
  const sign = given.startsWith("-") ? -1 : 1;
  if (/^[+-]?inf(inity)?$/.test(given)) return sign * Infinity;
  if (/^[+-]?nan$/.test(given)) return NaN;
  const digits = String.raw`\d+(?:_\d+)*`;
  const number = new RegExp(
    `^[+-]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:e[+-]?${digits})?$`,
  );
  return number.test(given) ? Number(given.replaceAll("_", "")) : undefined;
}

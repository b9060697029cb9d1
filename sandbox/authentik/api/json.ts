/** Reads JSON as Authentik's reader does: 1.0 is a Float, whole numbers stay exact, and the words for what is wrong. */
import { Float } from "./values";

/** A text that is no JSON: what is wrong, and where, in characters from the start. */
export class JsonError extends Error {
  constructor(
    what: string,
    readonly at: number,
  ) {
    super(what);
  }
}

/**
 * Reads a JSON text.
 * @throws JsonError
 */
export function parseJson(source: string): unknown {
  const reader = new Reader(source);
  if (reader.peek() === "") throw new JsonError("input data is empty", 0);
  const value = reader.value();
  if (reader.peek() !== "") reader.fail("unexpected content after document");
  return value;
}

const LITERALS: readonly (readonly [string, unknown])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

class Reader {
  private at = 0;

  constructor(private readonly source: string) {}

  fail(what: string, at = this.at): never {
    throw at >= this.source.length
      ? new JsonError("unexpected end of data", this.source.length)
      : new JsonError(what, at);
  }

  /** The next character that is no white space; empty at the end. */
  peek(): string {
    while (/[ \t\n\r]/.test(this.source[this.at] ?? "")) this.at += 1;
    return this.source[this.at] ?? "";
  }

  value(): unknown {
    const first = this.peek();
    if (first === "{") return this.object();
    if (first === "[") return this.items("]", () => this.value());
    if (first === '"') return this.text();
    if (/[-\d]/.test(first)) return this.number();
    const literal = LITERALS.find(([word]) => word[0] === first);
    if (!literal) this.fail("unexpected character");
    return this.literal(...literal);
  }

  private literal(word: string, value: unknown): unknown {
    const found = this.source.slice(this.at, this.at + word.length);
    if (found !== word) {
      this.fail("invalid literal", word.startsWith(found) ? this.source.length : this.at);
    }
    this.at += word.length;
    return value;
  }

  private object(): Record<string, unknown> {
    const entries = this.items("}", () => {
      if (this.peek() !== '"') this.fail("unexpected character");
      const key = this.text();
      if (this.peek() !== ":") this.fail("unexpected character");
      this.at += 1;
      return [key, this.value()] as const;
    });
    return Object.fromEntries(entries);
  }

  /** What stands between brackets, with commas between. */
  private items<T>(end: string, item: () => T): T[] {
    const found: T[] = [];
    this.at += 1;
    if (this.peek() === end) {
      this.at += 1;
      return found;
    }
    for (;;) {
      found.push(item());
      const next = this.peek();
      if (next !== "," && next !== end) this.fail("unexpected character");
      const comma = this.at;
      this.at += 1;
      if (next === end) return found;
      if (this.peek() === end) this.fail("trailing comma is not allowed", comma);
    }
  }

  private number(): number | bigint | Float {
    const start = this.at;
    const part = (form: RegExp, sign: string): void => {
      const match = form.exec(this.source.slice(this.at));
      if (!match) return;
      this.at += match[0].length;
      if (match[1] === "") this.fail(`no digit after ${sign}`);
    };
    part(/^-?(\d*)/, "minus sign");
    const [, zero = ""] = /^-?(0\d)?/.exec(this.source.slice(start)) ?? [];
    if (zero)
      this.fail("number with leading zero is not allowed", this.source.indexOf(zero, start));
    const whole = this.source.slice(start, this.at);
    part(/^\.(\d*)/, "decimal point");
    part(/^[eE][+-]?(\d*)/, "exponent sign");
    const text = this.source.slice(start, this.at);
    if (!Number.isFinite(Number(text)))
      this.fail("number is infinity when parsed as double", start);
    if (text !== whole) return new Float(Number(text));
    if (Number.isSafeInteger(Number(text))) return Number(text) + 0;
    const exact = BigInt(text);
    return exact >= -(2n ** 63n) && exact < 2n ** 64n ? exact : new Float(Number(text));
  }

  private text(): string {
    let found = "";
    for (this.at += 1; ; this.at += 1) {
      const char = this.source[this.at] ?? this.fail("");
      if (char < " ") this.fail("unexpected control character in string");
      if (char === '"') break;
      found += char === "\\" ? this.escape() : char;
    }
    this.at += 1;
    return found;
  }

  /** What an escape stands for; leaves off at its last character. */
  private escape(): string {
    const start = this.at;
    this.at += 1;
    const letter = this.source[this.at] ?? this.fail("");
    if (letter !== "u") {
      if (!/["\\/bfnrt]/.test(letter)) this.fail("invalid escaped character in string");
      return ESCAPES[letter] ?? letter;
    }
    const high = this.unit(start);
    if (high < 0xd800 || high > 0xdfff) return String.fromCharCode(high);
    if (high > 0xdbff) this.fail("invalid high surrogate in string", start);
    const second = this.at + 1;
    if (!this.source.startsWith("\\u", second)) this.fail("no low surrogate in string", second);
    this.at += 2;
    const low = this.unit(second);
    if (low < 0xdc00 || low > 0xdfff) this.fail("invalid low surrogate in string", second);
    return String.fromCharCode(high, low);
  }

  /** The four digits of an escape that begins at `start`. */
  private unit(start: number): number {
    const digits = this.source.slice(this.at + 1, this.at + 5);
    if (!/^[\da-fA-F]{4}$/.test(digits)) {
      const ended =
        this.at + 1 + digits.length >= this.source.length && /^[\da-fA-F]*$/.test(digits);
      this.fail("invalid escaped sequence in string", ended ? this.source.length : start);
    }
    this.at += 4;
    return parseInt(digits, 16);
  }
}

/**
 * The part of Go's templates that people use with `docker --format`: fields, `json`, `range`, `if`,
 * `index`, `println`. What is beyond it is refused as Docker refuses a template that it can't parse.
 */

import { GoTime } from "./container";

/** A template that isn't one, or asks for a field that isn't there; the text is Docker's. */
export class TemplateError extends Error {
  constructor(
    message: string,
    /** Docker's exit code. */
    readonly code: 1 | 64,
  ) {
    super(message);
  }
}

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly words: readonly string[] }
  | {
      readonly kind: "range" | "if";
      readonly words: readonly string[];
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/**
 * Fills `template` with `data`.
 *
 * @throws TemplateError
 */
export function render(template: string, data: unknown): string {
  const tokens = template.split(/(\{\{.*?\}\})/s).filter((token) => token !== "");
  const { nodes, rest } = parse(tokens);
  if (rest.length > 0) throw unparsable(`unexpected ${rest[0] ?? ""}`);
  return write(nodes, data);
}

/** Go's `json.Marshal`: no blanks, and the characters that matter in HTML escaped. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return text.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}

function parse(tokens: readonly string[]): { nodes: Node[]; rest: readonly string[] } {
  const nodes: Node[] = [];
  let rest = tokens;
  while (rest.length > 0) {
    const [token = "", ...after] = rest;
    const words = wordsOf(token);
    if (words === undefined) {
      nodes.push({ kind: "text", text: token });
      rest = after;
    } else if (words[0] === "end" || words[0] === "else") {
      return { nodes, rest };
    } else if (words[0] === "range" || words[0] === "if") {
      const body = parse(after);
      const hasElse = wordsOf(body.rest[0] ?? "")?.[0] === "else";
      const otherwise = hasElse ? parse(body.rest.slice(1)) : { nodes: [], rest: body.rest };
      if (wordsOf(otherwise.rest[0] ?? "")?.[0] !== "end") throw unparsable("unexpected EOF");
      nodes.push({
        kind: words[0],
        words: words.slice(1),
        body: body.nodes,
        otherwise: otherwise.nodes,
      });
      rest = otherwise.rest.slice(1);
    } else {
      nodes.push({ kind: "value", words });
      rest = after;
    }
  }
  return { nodes, rest };
}

function wordsOf(token: string): string[] | undefined {
  const inside = /^\{\{-?\s*(.*?)\s*-?\}\}$/s.exec(token)?.[1];
  return inside?.match(/"[^"]*"|\S+/g)?.map(String);
}

function write(nodes: readonly Node[], data: unknown): string {
  return nodes
    .map((node) => {
      if (node.kind === "text") return node.text;
      if (node.kind === "value") return printed(node.words, data);
      const value = evaluate(node.words, data);
      if (node.kind === "if") return write(isTrue(value) ? node.body : node.otherwise, data);
      const items = typeof value === "object" && value !== null ? Object.values(value) : [];
      return items.length === 0
        ? write(node.otherwise, data)
        : items.map((item) => write(node.body, item)).join("");
    })
    .join("");
}

function printed(words: readonly string[], data: unknown): string {
  const [first, ...others] = words;
  if (first === "json") return goJson(evaluate(others, data));
  if (first === "println") return `${others.length === 0 ? "" : plain(evaluate(others, data))}\n`;
  return plain(evaluate(words, data));
}

function evaluate(words: readonly string[], data: unknown): unknown {
  const [first = "", ...others] = words;
  if (first === "index") {
    const [from = ".", ...keys] = others;
    // A map of texts answers an empty one for a key that it doesn't have.
    return keys.reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | null)?.[literal(key)] ?? "",
      evaluate([from], data),
    );
  }
  if (others.length > 0 || !/^[."]/.test(first)) {
    throw unparsable(`function "${first}" not defined`);
  }
  if (first.startsWith('"')) return literal(first);
  return first
    .split(".")
    .filter((key) => key !== "")
    .reduce<unknown>((value, key) => {
      if (typeof value !== "object" || value === null || !(key in value)) {
        throw new TemplateError(
          `template: :1:2: executing "" at <${first}>: map has no entry for key "${key}"`,
          1,
        );
      }
      return (value as Record<string, unknown>)[key];
    }, data);
}

function literal(word: string): string {
  return word.replace(/^"(.*)"$/, "$1");
}

function isTrue(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return "<no value>";
  if (value instanceof GoTime) return String(value);
  if (Array.isArray(value)) return `[${value.map(plain).join(" ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).map(([key, entry]) => `${key}:${plain(entry)}`);
    return `map[${entries.join(" ")}]`;
  }
  return String(value);
}

function unparsable(why: string): TemplateError {
  return new TemplateError(`template parsing error: template: :1: ${why}`, 64);
}

/**
 * Reads the part of Python that scope mappings here are written in: comments and one
 * `return <expression>`. An expression is made of texts, numbers, True/False/None, lists, dicts,
 * names, attributes, calls, `not`/`and`/`or`, `==`/`!=`/`in`, `a if b else c`, and comprehensions
 * `x for y in z` in a list or as the only argument of a call.
 */

/** A parsed expression. */
export type Node =
  | { readonly kind: "constant"; readonly value: string | number | boolean | null }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly Node[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [Node, Node])[] }
  | { readonly kind: "attribute"; readonly of: Node; readonly name: string }
  | {
      readonly kind: "call";
      readonly callee: Node;
      readonly args: readonly Node[];
      readonly named: Readonly<Record<string, Node>>;
    }
  | { readonly kind: "not"; readonly of: Node }
  | { readonly kind: "binary"; readonly op: Operator; readonly left: Node; readonly right: Node }
  | { readonly kind: "if"; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: "for"; readonly item: Node; readonly name: string; readonly over: Node };

type Operator = "and" | "or" | "==" | "!=" | "in";

/** The expression is outside the part of Python that is understood here. */
export class PythonError extends Error {}

interface Token {
  readonly kind: "text" | "number" | "word" | "sign" | "end";
  readonly value: string;
  readonly line: number;
}

const TOKEN =
  /(?<space>\s+|#[^\n]*)|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<number>\d+(?:\.\d+)?)|(?<word>[A-Za-z_]\w*)|(?<sign>==|!=|[()[\]{},:.=])/y;

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (!groups) throw new PythonError(`line ${line}: "${source[at]}" is not understood`);
    const kind = (["text", "number", "word", "sign"] as const).find((one) => groups[one]);
    if (kind) tokens.push({ kind, value: groups[kind] ?? "", line });
    line += source.slice(at, TOKEN.lastIndex).split("\n").length - 1;
  }
  return [...tokens, { kind: "end", value: "the end", line }];
}

/** Parses a scope mapping's expression. */
export function parse(source: string): Node {
  const reader = new Reader(tokenize(source));
  reader.expect("return");
  const node = reader.expression();
  reader.expectEnd();
  return node;
}

class Reader {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  expression(): Node {
    const yes = this.or();
    if (!this.take("if")) return yes;
    const test = this.or();
    this.expect("else");
    return { kind: "if", test, yes, no: this.expression() };
  }

  expect(value: string): void {
    if (!this.take(value)) this.refuse(`"${value}" expected`);
  }

  expectEnd(): void {
    if (this.peek().kind !== "end") this.refuse("only one return statement is understood");
  }

  private or(): Node {
    let left = this.and();
    while (this.take("or")) left = { kind: "binary", op: "or", left, right: this.and() };
    return left;
  }

  private and(): Node {
    let left = this.not();
    while (this.take("and")) left = { kind: "binary", op: "and", left, right: this.not() };
    return left;
  }

  private not(): Node {
    if (this.take("not")) return { kind: "not", of: this.not() };
    const left = this.trailed();
    const op = (["==", "!=", "in"] as const).find((one) => this.take(one));
    return op ? { kind: "binary", op, left, right: this.trailed() } : left;
  }

  private trailed(): Node {
    let node = this.atom();
    for (;;) {
      if (this.take(".")) node = { kind: "attribute", of: node, name: this.word() };
      else if (this.take("(")) node = this.call(node);
      else return node;
    }
  }

  private call(callee: Node): Node {
    const args: Node[] = [];
    const named: Record<string, Node> = {};
    while (!this.take(")")) {
      const next = this.tokens[this.at + 1];
      if (this.peek().kind === "word" && next?.value === "=") {
        const name = this.word();
        this.expect("=");
        named[name] = this.expression();
      } else {
        args.push(this.item());
      }
      if (!this.take(",")) {
        this.expect(")");
        break;
      }
    }
    return { kind: "call", callee, args, named };
  }

  /** An element of a list, or a comprehension in its place. */
  private item(): Node {
    const item = this.expression();
    if (!this.take("for")) return item;
    const name = this.word();
    this.expect("in");
    return { kind: "for", item, name, over: this.or() };
  }

  private atom(): Node {
    const token = this.next();
    if (token.kind === "text") return { kind: "constant", value: unquote(token.value) };
    if (token.kind === "number") return { kind: "constant", value: Number(token.value) };
    if (token.value === "(") {
      const node = this.item();
      this.expect(")");
      return node;
    }
    if (token.value === "[") return { kind: "list", items: this.until("]", () => this.item()) };
    if (token.value === "{") return { kind: "dict", entries: this.until("}", () => this.entry()) };
    const constants: Record<string, boolean | null> = { True: true, False: false, None: null };
    const constant = constants[token.value];
    if (constant !== undefined) return { kind: "constant", value: constant };
    if (token.kind === "word" && !KEYWORDS.has(token.value)) {
      return { kind: "name", name: token.value };
    }
    this.at -= 1;
    return this.refuse("not understood here");
  }

  private entry(): readonly [Node, Node] {
    const key = this.expression();
    this.expect(":");
    return [key, this.expression()];
  }

  private until<T>(end: string, read: () => T): T[] {
    const found: T[] = [];
    while (!this.take(end)) {
      found.push(read());
      if (!this.take(",")) {
        this.expect(end);
        break;
      }
    }
    return found;
  }

  private word(): string {
    const token = this.next();
    if (token.kind === "word") return token.value;
    this.at -= 1;
    return this.refuse("a name expected");
  }

  private peek(): Token {
    return this.tokens[this.at] as Token;
  }

  private next(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.at += 1;
    return token;
  }

  private take(value: string): boolean {
    const token = this.peek();
    if ((token.kind !== "word" && token.kind !== "sign") || token.value !== value) return false;
    this.at += 1;
    return true;
  }

  private refuse(why: string): never {
    const token = this.peek();
    throw new PythonError(`line ${token.line}, at ${token.value}: ${why}`);
  }
}

const KEYWORDS = new Set("return if else for in and or not def import lambda while".split(" "));

/** Python's escapes, those with a name aside; an unknown one stays as it is, backslash and all. */
const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function unquote(literal: string): string {
  return literal
    .slice(1, -1)
    .replace(
      /\\(?:u([\da-fA-F]{4})|x([\da-fA-F]{2})|(.))/gu,
      (escape, long?: string, short?: string, char = "") => {
        const code = long ?? short;
        return code === undefined
          ? (ESCAPES[char] ?? escape)
          : String.fromCharCode(Number.parseInt(code, 16));
      },
    );
}

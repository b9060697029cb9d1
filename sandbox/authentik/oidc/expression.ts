/** Evaluates the expression of a scope mapping for a user, in the subset that python.ts reads. */
import type { UserRow } from "../model";
import type { Store } from "../store";
import type { Node } from "./python";
import { parse, PythonError } from "./python";

/** Claims by name. */
export type Claims = Record<string, unknown>;

/** What is wrong with an expression as far as this sandbox can tell; undefined when it can be used. */
export function problemOf(expression: string): string | undefined {
  try {
    parse(expression);
    return undefined;
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
    return `The sandbox evaluates a small part of Python only (sandbox/authentik/README.md): ${error.message}.`;
  }
}

/** The names of the claims that an expression can give. */
export function claimNames(expression: string): string[] {
  const names = new Set<string>();
  const collect = (node: Node): void => {
    if (node.kind === "if") [node.yes, node.no].forEach(collect);
    if (node.kind !== "dict") return;
    for (const [key] of node.entries) if (key.kind === "constant") names.add(String(key.value));
  };
  collect(parse(expression));
  return [...names];
}

/** The claims that an expression gives for a user. */
export function evaluate(expression: string, user: UserRow, store: Store): Claims {
  const value = run(parse(expression), scopeFor(user, store));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Claims;
  throw new PythonError("the expression does not return a dict");
}

type Scope = ReadonlyMap<string, unknown>;
type Callable = (args: unknown[], named: Record<string, unknown>) => unknown;

/** What expressions can name: the request with its user, and Authentik's group test. */
function scopeFor(user: UserRow, store: Store): Scope {
  const groups = store.groupsOf(user).map(({ name, pk }) => ({ name, pk }));
  const { attributes } = user;
  const get: Callable = ([key, other = null]) =>
    Object.hasOwn(attributes, String(key)) ? attributes[String(key)] : other;
  const person = {
    pk: user.pk,
    username: user.username,
    name: user.name,
    email: user.email,
    uid: store.uidOf(user),
    uuid: user.uuid,
    is_active: user.is_active,
    is_superuser: store.isSuperuser(user),
    attributes: { get },
    groups: { all: (() => groups) satisfies Callable },
  };
  const isMember: Callable = (_, { name, pk, group_uuid }) =>
    groups.some((group) => group.name === name || group.pk === (pk ?? group_uuid));
  return new Map<string, unknown>([
    ["request", { user: person }],
    ["user", person],
    ["ak_is_group_member", isMember],
    ["any", (([list]) => items(list).some(truthy)) satisfies Callable],
    ["all", (([list]) => items(list).every(truthy)) satisfies Callable],
    ["str", (([value]) => String(value)) satisfies Callable],
  ]);
}

function items(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new PythonError("a list expected");
  return value;
}

function truthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function run(node: Node, scope: Scope): unknown {
  switch (node.kind) {
    case "constant":
      return node.value;
    case "name":
      if (!scope.has(node.name)) throw new PythonError(`"${node.name}" is not known here`);
      return scope.get(node.name);
    case "list":
      return node.items.flatMap((item) =>
        item.kind === "for" ? items(run(item, scope)) : [run(item, scope)],
      );
    case "dict":
      return Object.fromEntries(
        node.entries.map(([key, value]) => [String(run(key, scope)), run(value, scope)]),
      );
    case "attribute":
      return attribute(run(node.of, scope), node.name);
    case "call":
      return call(node, scope);
    case "not":
      return !truthy(run(node.of, scope));
    case "if":
      return run(truthy(run(node.test, scope)) ? node.yes : node.no, scope);
    case "for":
      return items(run(node.over, scope)).map((value) =>
        run(node.item, new Map([...scope, [node.name, value]])),
      );
    case "binary":
      return binary(node, scope);
  }
}

function attribute(value: unknown, name: string): unknown {
  if (typeof value === "object" && value !== null && Object.hasOwn(value, name)) {
    return (value as Record<string, unknown>)[name];
  }
  throw new PythonError(`".${name}" is not known here`);
}

function call(node: Node & { kind: "call" }, scope: Scope): unknown {
  const callee = run(node.callee, scope);
  if (typeof callee !== "function") throw new PythonError("this cannot be called");
  const named = Object.entries(node.named).map(([name, value]) => [name, run(value, scope)]);
  return (callee as Callable)(
    node.args.map((arg) => run(arg, scope)),
    Object.fromEntries(named) as Record<string, unknown>,
  );
}

function binary(node: Node & { kind: "binary" }, scope: Scope): unknown {
  const left = run(node.left, scope);
  if (node.op === "or") return truthy(left) ? left : run(node.right, scope);
  if (node.op === "and") return truthy(left) ? run(node.right, scope) : left;
  const right = run(node.right, scope);
  if (node.op === "==") return left === right;
  if (node.op === "!=") return left !== right;
  return typeof right === "string" ? right.includes(String(left)) : items(right).includes(left);
}

/** Expressions of scope mappings: made of names that nobody has to trust, run as Authentik's Python and as Python itself. */
import { spawnSync } from "node:child_process";

import fc from "fast-check";

import { labelExpression, quotaExpression, roleExpression } from "../../components/claims";
import { parse } from "../../sandbox/authentik/oidc/python";
import { evaluate } from "../../sandbox/authentik/oidc/expression";
import type { UserRow } from "../../sandbox/authentik/model";
import type { Store } from "../../sandbox/authentik/store";

/** Text as configuration takes it, the worst of it included. */
const name = fc.oneof(
  fc.constantFrom(
    '"); import os',
    "'); import os #",
    '\\"); __import__("os").system("id")',
    "{request.user}",
    "%s %(name)s",
    "\\n\\u0041\\x41\\",
    "#",
    "\u2028\u2029",
    "früh 🌅",
    "__proto__",
    "constructor",
  ),
  fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
);
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 4 });
const sizes = fc.constantFrom(0, 0.5, 1, 20, 100, 8_589_934_591);

interface Someone {
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What the sandbox's Authentik makes of an expression. */
function inSandbox(expression: string, { groups, attributes }: Someone): unknown {
  const store = {
    groupsOf: () => groups.map((group) => ({ name: group, pk: group })),
    uidOf: () => "uid",
    isSuperuser: () => false,
  };
  return evaluate(expression, { attributes } as UserRow, store as unknown as Store);
}

/** What Python makes of all of them, each in a function of its own as Authentik runs it (authentik/lib/expression). */
function inPython(cases: readonly (readonly [string, Someone])[]): unknown {
  const program = `
import json, sys, textwrap
class User: pass
class Request: pass
answers = []
for expression, someone in json.load(sys.stdin):
    request = Request(); request.user = User(); request.user.attributes = someone["attributes"]
    def ak_is_group_member(user, name, groups=someone["groups"]): return name in groups
    scope = {"request": request, "ak_is_group_member": ak_is_group_member}
    exec("def handler():\\n" + textwrap.indent(expression, "    "), scope)
    answers.append(scope["handler"]())
print(json.dumps(answers))`;
  const { status, stdout, stderr } = spawnSync("python3", ["-c", program], {
    input: JSON.stringify(cases),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython)
  process.stderr.write("no python3 found: expressions are run by the sandbox alone\n");

const someone = (all: fc.Arbitrary<string[]>): fc.Arbitrary<Someone> =>
  all.chain((known) =>
    fc.record({
      groups: fc.subarray([...known, "others"]),
      attributes: fc.dictionary(fc.constantFrom(...known, "x"), fc.string({ unit: "binary" })),
    }),
  );

/** An expression, somebody, and what it is to say of them. */
const told = names.chain((all) =>
  fc
    .tuple(
      someone(fc.constant(all)),
      fc.boolean(),
      fc.array(sizes, { minLength: all.length, maxLength: all.length }),
    )
    .chain(([who, demote, quota]) => {
      const role = who.groups.some((group) => all.includes(group))
        ? { immich_role: "admin" }
        : demote
          ? { immich_role: "user" }
          : {};
      const quotas = Object.fromEntries(all.map((group, at) => [group, quota[at] ?? 0]));
      const theirs = all.flatMap((group, at) =>
        who.groups.includes(group) ? [quota[at] ?? 0] : [],
      );
      const attribute = all[0] ?? "";
      const label = Object.hasOwn(who.attributes, attribute)
        ? who.attributes[attribute]
        : undefined;
      return fc.constantFrom<readonly [string, Someone, unknown]>(
        [roleExpression(all, demote), who, role],
        [
          quotaExpression(quotas),
          who,
          theirs.length > 0 ? { immich_quota: Math.max(...theirs) } : {},
        ],
        [labelExpression(attribute), who, label ? { immich_storage_label: label } : {}],
      );
    }),
);

test("any names: the sandbox's Authentik says what is meant, and nothing else is run", () => {
  fc.assert(
    fc.property(told, ([expression, who, meant]) => {
      expect(expression).not.toContain("\n");
      expect(() => parse(expression)).not.toThrow();
      expect(inSandbox(expression, who)).toEqual(meant);
    }),
    { numRuns: 500 },
  );
});

(hasPython ? test : test.skip)("and so does Python", () => {
  const cases = fc.sample(told, 500);
  expect(inPython(cases.map(([expression, who]) => [expression, who] as const))).toEqual(
    cases.map(([, , meant]) => meant),
  );
});

test("whoever is in no group is told nothing, and so keeps the rights; asked for, `user`", () => {
  const nobody = { groups: [], attributes: {} };
  expect(inSandbox(roleExpression(["admins"], false), nobody)).toEqual({});
  expect(inSandbox(roleExpression(["admins"], true), nobody)).toEqual({ immich_role: "user" });
});

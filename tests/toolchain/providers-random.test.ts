// The stand-in for the plugin `random`, over gRPC.

import { compareSync } from "bcryptjs";

import { Plugin, messageOf, secret, UNKNOWN, type Json, type Props } from "./plugin";

const type = "random:index/randomPassword:RandomPassword";
const plugin = new Plugin("random");

beforeAll(() => plugin.start());
afterAll(() => plugin.stop());

function shown(value: Json | undefined): string {
  return (value as { value: string }).value;
}

async function make(inputs: Props): Promise<{ id: string; inputs: Props; state: Props }> {
  const checked = await plugin.check(type, inputs);
  expect(checked.failures).toEqual([]);
  const { id, state } = await plugin.create(type, checked.inputs);
  return { id, inputs: checked.inputs, state };
}

test("a password has the length, the kinds of characters and the outputs of the official plugin", async () => {
  const { id, state } = await make({ length: 40, special: false, minUpper: 3, minNumeric: 2 });
  const result = shown(state["result"]);
  expect(id).toBe("none");
  expect(result).toMatch(/^[A-Za-z0-9]{40}$/);
  expect(result.replace(/[^A-Z]/g, "").length).toBeGreaterThanOrEqual(3);
  expect(result.replace(/[^0-9]/g, "").length).toBeGreaterThanOrEqual(2);
  expect(shown(state["bcryptHash"])).toMatch(/^\$2a\$10\$/);
  expect(compareSync(result, shown(state["bcryptHash"]))).toBe(true);
  expect(state).toEqual({
    id: "none",
    length: 40,
    lower: true,
    upper: true,
    numeric: true,
    number: true,
    special: false,
    minLower: 0,
    minUpper: 3,
    minNumeric: 2,
    minSpecial: 0,
    result: secret(result),
    bcryptHash: secret(shown(state["bcryptHash"])),
  });
});

test("no two passwords are the same", async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => make({ length: 16 })));
  expect(new Set(made.map(({ state }) => shown(state["result"]))).size).toBe(5);
});

test("a preview makes none", async () => {
  const { state } = await plugin.create(type, { length: 16 }, true);
  expect(state["result"]).toEqual(UNKNOWN);
  expect(state["bcryptHash"]).toEqual(UNKNOWN);
});

test.each([
  ["length", { length: 17 }, ["length"]],
  ["keepers", { length: 16, keepers: { turn: "2" } }, ["keepers"]],
  ["special", { length: 16, keepers: { turn: "1" }, special: false }, ["special"]],
])("another %s means another password", async (_name, change, replaces) => {
  const olds = await make({ length: 16, keepers: { turn: "1" } });
  const wanted = { keepers: { turn: "1" }, ...change } as Props;
  const diff = await plugin.diff(type, olds.id, olds, wanted);
  expect(diff).toMatchObject({ changes: "some", replaces, deleteFirst: false });
});

test("nothing changes when nothing changes, also after a refresh", async () => {
  const olds = await make({ length: 16, keepers: { turn: "1" } });
  expect(await plugin.diff(type, olds.id, olds, olds.inputs)).toMatchObject({ changes: "none" });
  const read = await plugin.read(type, olds.id, olds);
  expect(read).toEqual({ id: "none", inputs: olds.inputs, state: olds.state });
});

test("an import takes the password as its id", async () => {
  const read = await plugin.read(type, "correct horse");
  expect(read.id).toBe("none");
  expect(read.state).toMatchObject({ length: 13, result: secret("correct horse"), special: true });
  expect(read.inputs).toEqual({
    length: 13,
    numeric: true,
    number: true,
    lower: true,
    upper: true,
    special: true,
  });
});

test("what cannot be made is refused", async () => {
  expect(await messageOf(plugin.create(type, { length: 3, minLower: 4 }))).toContain(
    "must be at least sum of",
  );
  const none = { length: 3, lower: false, upper: false, numeric: false, special: false };
  expect(await messageOf(plugin.create(type, none))).toContain(
    "the character set specified is empty",
  );
  expect((await plugin.check(type, {})).failures.join()).toContain(
    'The argument "length" is required',
  );
});

test("it says once that it is a stand-in, where only --debug shows it", async () => {
  await plugin.handshake();
  await plugin.configure("random", {});
  while (plugin.logs.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(plugin.logs).toEqual([
    {
      severity: 0,
      message: "The provider random is a stand-in for the official plugin random 4.21.2.",
      ephemeral: false,
    },
  ]);
});

test("what it does not know takes the official plugin, and it says so", async () => {
  const message = await messageOf(plugin.create("random:index/randomPet:RandomPet", {}));
  expect(message).toBe(
    "The provider random 4.21.2 does not know the resource type random:index/randomPet:RandomPet. " +
      `It knows ${type}. Anything else takes the official plugin.`,
  );
  expect(await messageOf(plugin.invoke("random:index/x:x", {}))).toContain(
    "does not know the function",
  );
  expect(await messageOf(plugin.parameterize("x", "1.0.0", "{}"))).toContain(
    "takes the official plugin",
  );
});

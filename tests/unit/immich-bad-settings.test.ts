/** Every bad setting and every bad row of docs/bad-settings.md, and that the page is what they make. */
import { readFileSync } from "node:fs";
import { show } from "../../immich/validate";
import {
  BAD_INPUTS,
  BAD_ROWS,
  CANARY,
  GOOD,
  ODD_ROWS,
  PAGE,
  page,
  planFor,
  refusalOfInput,
  refusalOfRow,
} from "../support/badSettings";

test.each(BAD_INPUTS)("$setting $value, Immich $version", (bad) => {
  const error = refusalOfInput(bad);
  expect(["invalid", "stored", "lockout"]).toContain(error.problem);
  expect(error.message).toContain("Nothing has been changed.");
  expect(error.message).not.toContain(CANARY);
  expect(error.message).not.toContain(GOOD["oauth.clientSecret"]);
  if (error.problem === "invalid") expect(error.message).toContain(`  - ${bad.setting} is `);
});

test.each(BAD_ROWS)("$store has $stored", (bad) => {
  const error = refusalOfRow(bad);
  expect(error.problem).toBe("stored");
  expect(error.message).toContain("Nothing has been changed.");
  expect(error.message).toMatch(/Fix (it|them)|Save once in Immich/);
  expect(error.message).not.toContain(CANARY);
});

test.each(ODD_ROWS)("$store may have $stored", (odd) => {
  expect(planFor(odd)).toMatchObject({ skipped: [], interrupted: false });
});

test("everything that is wrong is said at once", () => {
  const bad = { setting: "oauth.timeout", value: 0, effect: "", beside: { "oauth.scope": "x" } };
  const { message } = refusalOfInput(bad);
  expect(message).toContain("oauth.timeout is 0");
  expect(message).toContain('oauth.scope is "x"');
});

test("a value is shown short, a password in a URL and a secret not at all", () => {
  expect(show("oauth.buttonText", "x".repeat(500))).toHaveLength(120);
  expect(show("oauth.issuerUrl", `https://a:${CANARY}@b/`)).toBe('"https://…@b/"');
  expect(show("oauth.clientSecret", CANARY)).toBe("(not shown)");
  expect(show("oauth.clientSecrt", CANARY)).toBe("(not shown)");
});

test("docs/bad-settings.md is up to date (node -r ./register.js tests/support/badSettings.ts)", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(page());
});

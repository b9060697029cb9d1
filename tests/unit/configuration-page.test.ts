import { readFileSync } from "node:fs";

import { page, PAGE } from "../support/configurationPage";

test("docs/configuration.md is up to date (node -r ./register.js tests/support/configurationPage.ts)", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(page());
});

import { secretMark, secretMarks } from "../../immich/secretMark";

test("a mark says that a secret changed and nothing else", () => {
  expect(secretMark("one")).toMatch(/^secret #[0-9a-f]{4}$/);
  expect(secretMark("one")).toBe(secretMark("one"));
  expect(secretMark("one")).not.toBe(secretMark("two"));
});

test("secret settings have one, others have none", () => {
  const marks = secretMarks({ "oauth.clientSecret": "one", "oauth.clientId": "two" });
  expect(marks).toEqual({ "oauth.clientSecret": secretMark("one") });
});

import { readFileSync } from "node:fs";
import { catalogue, checkIds } from "../../checks/catalogue";
import { page, troubleshooting } from "../../checks/document";
import type { CheckInput } from "../../checks/types";

const input: CheckInput = {
  authentikUrl: "https://auth.example.org",
  applicationSlug: "immich",
  issuerUrl: "https://auth.example.org/application/o/immich/",
  clientId: "immich-oauth-client",
  scopes: ["openid", "email", "profile"],
  redirectUris: [],
  immichUrl: "https://photos.example.org",
  settings: {},
  stack: "homelab",
  host: { ssh: "admin@photos.example.org" },
};

test("ids are kebab-case, stand on checks that come before them or exist, without a circle", () => {
  const visit = (id: string, path: readonly string[]): void => {
    expect(path).not.toContain(id);
    const entry = catalogue[id as keyof typeof catalogue];
    expect(entry).toBeDefined();
    for (const next of [...entry.dependsOn, ...(entry.explainedBy ?? [])])
      visit(next, [...path, id]);
  };
  for (const id of checkIds) {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
    visit(id, []);
  }
});

test("every cause has a fix with a command, a config key or a place to click, in few words", () => {
  for (const id of checkIds) {
    for (const one of Object.values(catalogue[id].fixes)) {
      const text = one.fix(input);
      expect(text).toMatch(
        /`[^`]+`|[A-Za-z]+ > |proxy|certificate|issuer mode|message names|message says|NTP|same proxy|extra login/,
      );
      expect(text).not.toMatch(/undefined|\n/);
      expect(text.length).toBeLessThan(420);
    }
  }
});

test("commands name the stack and the host", () => {
  expect(catalogue["client-secret"].fixes["refused"]?.fix(input)).toContain(
    "`npx pulumi up --refresh --stack homelab`",
  );
  expect(catalogue["immich-reachable"].fixes["starting"]?.fix(input)).toContain(
    "`ssh admin@photos.example.org 'cd /opt/immich && docker compose logs --tail 50 immich-server'`",
  );
});

test("docs/troubleshooting.md is up to date (node -r ./register.js checks/document.ts)", () => {
  expect(readFileSync(page, "utf8")).toBe(troubleshooting());
});

test("the page begins with the tutorial's three rows and has every check", () => {
  const text = troubleshooting();
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  expect(rows.slice(1, 4).map((row) => row.split(" | ")[0])).toEqual([
    "| Invalid redirect URI",
    "| Client authentication failed",
    "| User not created",
  ]);
  for (const id of checkIds) expect(text).toContain(`### ${id}\n`);
});

// docs/troubleshooting.md, made from the catalogue: node -r ./register.js checks/document.ts
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { catalogue, checkIds, type CheckId } from "./catalogue";
import type { CheckInput } from "./types";

/** The stack that the page's commands are written for: nobody's, addresses from RFC 2606. */
const example: CheckInput = {
  authentikUrl: "https://auth.example.org",
  applicationSlug: "immich",
  issuerUrl: "https://auth.example.org/application/o/immich/",
  clientId: "immich-oauth-client",
  scopes: ["openid", "email", "profile"],
  redirectUris: ["https://photos.example.org/auth/login"],
  immichUrl: "https://photos.example.org",
  settings: {},
};

/** The tutorial's three rows, and the checks that tell each of them apart. */
const tutorial: readonly { says: string; meaning: string; ids: readonly CheckId[] }[] = [
  {
    says: "Invalid redirect URI",
    meaning:
      "Authentik was sent a redirect URI that is not on the provider's list, to the letter (its page is titled “Redirect URI Error”).",
    ids: [
      "redirect-uri-web",
      "redirect-uri-user-settings",
      "redirect-uri-app",
      "redirect-uri-extra",
      "immich-redirect-uri",
    ],
  },
  {
    says: "Client authentication failed",
    meaning:
      "Authentik does not take Immich's client ID or secret. Immich itself only says “Failed to finish oauth”.",
    ids: ["client-secret", "client-known", "immich-client-id", "settings-row"],
  },
  {
    says: "User not created",
    meaning:
      "The login went through, and Immich made no account: registration is off, or it was told no e-mail address.",
    ids: ["auto-register", "email-claim", "scopes-offered", "immich-scope", "access-groups"],
  },
];

/** The whole page. */
export function troubleshooting(): string {
  return `${[
    "<!-- Made from checks/catalogue.ts by `node -r ./register.js checks/document.ts`: change it there. -->",
    "<!-- prettier-ignore-start -->",
    "",
    "# Troubleshooting",
    "",
    "`npm run doctor` asks all of this by itself, changes nothing, and names the cause. A deployment asks the",
    "same at its end. In the commands below, put your own addresses; doctor prints them for your stack.",
    "",
    "Doctor compares with what is deployed, as the stack's state has it, also after an `up` that failed.",
    "Configuration that no `up` has brought out yet is a line of its own (`not deployed yet: buttonText`) and no",
    "fault. `npm run doctor -- --json` answers `ok`, `checks` and `notDeployed`.",
    "",
    "## The three that everybody meets",
    "",
    "| what you see | what it means | look at |",
    "|---|---|---|",
    ...tutorial.map((row) => `| ${row.says} | ${row.meaning} | ${row.ids.map(link).join(", ")} |`),
    "",
    "## From what you see to the check",
    "",
    "| what you see | check |",
    "|---|---|",
    ...checkIds.map((id) => `| ${cell(catalogue[id].symptom)} | ${link(id)} |`),
    "",
    "## Every check",
    ...checkIds.flatMap(section),
    "",
    "<!-- prettier-ignore-end -->",
  ].join("\n")}\n`;
}

function section(id: CheckId): string[] {
  const entry = catalogue[id];
  const needs = [
    ...(entry.dependsOn.length > 0 ? [`Needs ${entry.dependsOn.map(link).join(", ")}.`] : []),
    ...(entry.explainedBy === undefined
      ? []
      : [`Not asked when one of these is broken: ${entry.explainedBy.map(link).join(", ")}.`]),
  ];
  return [
    "",
    `### ${id}`,
    "",
    `${entry.title}. ${entry.asks}${needs.length > 0 ? ` ${needs.join(" ")}` : ""}`,
    "",
    "| when | what to do |",
    "|---|---|",
    ...Object.values(entry.fixes).map((one) => `| ${cell(one.when)} | ${cell(one.fix(example))} |`),
  ];
}

function link(id: string): string {
  return `[${id}](#${id})`;
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|").replace(/</g, "&lt;");
}

/** Where the page is. */
export const page = join(__dirname, "..", "docs", "troubleshooting.md");

if (require.main === module) {
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, troubleshooting());
}

/**
 * docs/configuration.md, made from Pulumi.yaml: every key of a stack, in its groups.
 *
 *   node -r ./register.js tests/support/configurationPage.ts    writes it
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Document, isMap, isScalar, parseDocument, type YAMLMap } from "yaml";

const root = join(__dirname, "../..");
export const PAGE = join(root, "docs/configuration.md");

interface Key {
  readonly type?: string;
  readonly secret?: boolean;
  readonly default?: unknown;
  readonly description: string;
}

/** The page's text. */
export function page(): string {
  const document = parseDocument(readFileSync(join(root, "Pulumi.yaml"), "utf8"));
  const lines = [
    "# Configuration",
    "",
    "Every key of a stack, made from [Pulumi.yaml](../Pulumi.yaml). `npx pulumi config set KEY VALUE` sets one,",
    "`npx pulumi config set --secret KEY` a secret one, `npx pulumi config set --path 'KEY[0]' VALUE` an item of a list.",
    "Besides these there are two of the provider for Authentik: `authentik:url`, and `authentik:token` (secret); both are",
    "required.",
  ];
  for (const { title, keys } of groups(document)) {
    lines.push(
      "",
      `## ${title}`,
      "",
      "| key | type | default | meaning |",
      "| --- | --- | --- | --- |",
    );
    for (const [name, key] of keys)
      lines.push(
        `| \`${name}\` | ${key.secret ? "secret" : (key.type ?? "any")} | ${defaultOf(key)} | ${plain(key.description)} |`,
      );
  }
  return `${lines.join("\n")}\n`;
}

/** The keys under the comments that head them. */
function groups(document: Document): { title: string; keys: [string, Key][] }[] {
  const found: { title: string; keys: [string, Key][] }[] = [];
  const config = document.get("config") as YAMLMap;
  const first = /^ ?(.*?)\.?$/.exec(config.commentBefore?.split("\n")[0] ?? "")?.[1];
  if (first) found.push({ title: first, keys: [] });
  for (const { key, value } of config.items) {
    if (!isScalar(key) || !isMap(value)) throw new Error(`Pulumi.yaml: config: ${String(key)}`);
    const title = key.commentBefore?.trim().replace(/\.$/, "");
    if (title) found.push({ title, keys: [] });
    found.at(-1)?.keys.push([String(key.value), value.toJSON() as Key]);
  }
  return found;
}

/** A text as a cell of a table. */
function plain(text: string): string {
  return text.trim().replace(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

function defaultOf({ default: value }: Key): string {
  return value === undefined || value === "" || JSON.stringify(value) === "[]"
    ? "–"
    : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

if (require.main === module) writeFileSync(PAGE, page());

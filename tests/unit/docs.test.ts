/** What the pages name is there: files that they link to, tests that they point to, scripts that they run. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { scripts } from "../../package.json";

const root = join(__dirname, "../..");
const pages = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "sandbox/README.md"],
  ...["provider/README.md", "plugin/README.md", "toolchain/README.md"],
  ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`),
];

test.each(pages)("%s", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, to = ""]) => to);
  for (const link of links.filter((to) => !to.includes("://")))
    expect({ link, there: existsSync(join(root, dirname(page), link)) }).toEqual({
      link,
      there: true,
    });
  for (const [, file = ""] of text.matchAll(/`(tests\/[\w/.-]+\.ts)`/g))
    expect({ file, there: existsSync(join(root, file)) }).toEqual({ file, there: true });
  for (const [, script = ""] of text.matchAll(/npm run (?:--silent )?([\w:-]+)/g))
    expect(Object.keys(scripts)).toContain(script);
});

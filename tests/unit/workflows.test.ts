/** The workflows for GitHub: what they run exists, and they give nothing away. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { scripts } from "../../package.json";

const root = join(__dirname, "../..");
const folder = join(root, ".github/workflows");
const docs = readFileSync(join(root, "docs/pull-requests.md"), "utf8");

interface Job {
  readonly if?: string;
  readonly env?: Record<string, string>;
  readonly environment?: string;
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
}
interface Workflow {
  readonly name: string;
  readonly on: Record<string, unknown>;
  readonly permissions: Record<string, string>;
  readonly jobs: Record<string, Job>;
}

const workflows = readdirSync(folder).map(
  (file) => [file, parse(readFileSync(join(folder, file), "utf8")) as Workflow] as const,
);
const jobOf = (file: string): Job => {
  const found = workflows.find(([name]) => name === file)?.[1];
  return Object.values(found?.jobs ?? {})[0] ?? { steps: [] };
};

test("test, preview and up are there", () => {
  expect(workflows.map(([file]) => file).sort()).toEqual(["preview.yml", "test.yml", "up.yml"]);
});

test.each(workflows)(
  "%s may only read the repository, and runs what there is",
  (_file, workflow) => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    for (const { steps } of Object.values(workflow.jobs)) {
      for (const { run = "" } of steps) {
        for (const [, script = ""] of run.matchAll(/npm run ([\w:]+)/g))
          expect(Object.keys(scripts)).toContain(script);
        // What somebody else chose, such as a branch's name, never becomes a part of a script.
        expect(run).not.toContain("${{");
      }
      for (const { uses } of steps) if (uses) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
    }
  },
);

test("a preview is for branches of this repository, once a stack is named", () => {
  expect(jobOf("preview.yml").if).toBe(
    "vars.STACK != '' && github.event.pull_request.head.repo.full_name == github.repository",
  );
});

test("up comes after a merge, one at a time, behind an environment", () => {
  const [, up] = workflows.find(([file]) => file === "up.yml") ?? [];
  expect(up?.on).toEqual({ push: { branches: ["main"] } });
  expect(jobOf("up.yml")).toMatchObject({ if: "vars.STACK != ''", environment: "homelab" });
});

test("each variable and secret that they take is explained", () => {
  const taken = workflows.flatMap(([file]) =>
    [...readFileSync(join(folder, file), "utf8").matchAll(/\b(?:vars|secrets)\.(\w+)/g)].map(
      ([, name = ""]) => name,
    ),
  );
  expect(new Set(taken).size).toBe(5);
  for (const name of taken) expect(docs).toContain(`| \`${name}\``);
});

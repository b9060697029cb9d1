/** The preview of a pull request: the very script of the workflow, against the sandbox. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { type Lab, startLab } from "./lab";
import { needsControl } from "./needs";

const { test } = needsControl("it is written for the sandbox's names and controls");

jest.setTimeout(240_000);

const workflow = join(__dirname, "../../.github/workflows/preview.yml");
const steps: { name?: string; run?: string }[] = parse(readFileSync(workflow, "utf8")).jobs.preview
  .steps;
const script = steps.find(({ name }) => name === "preview")?.run ?? "";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

/** Runs the step as GitHub does, and answers its exit code, its log and the page that it has written. */
async function previewStep(): Promise<{ code: number | null; log: string; page: string }> {
  const summary = join(lab.project.folder, "summary.md");
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
    cwd: lab.project.folder,
    env: {
      ...process.env,
      ...lab.project.environment,
      STACK: "sandbox",
      GITHUB_STEP_SUMMARY: summary,
    },
  });
  let log = "";
  child.stdout.on("data", (chunk: Buffer) => (log += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, log, page: readFileSync(summary, "utf8") };
}

test("names every setting on the page, dials no SSH, and shows no secret", async () => {
  await lab.sandbox.control("ssh/reset");
  const { code, log, page } = await previewStep();
  expect({ code, log: code === 0 ? "" : log }).toEqual({ code: 0, log: "" });
  expect(page).toMatch(/^### `pulumi preview` of sandbox\n```\n/);
  for (const key of ["oauth.enabled", "oauth.clientId", "oauth.buttonText"])
    expect(page).toContain(key);
  expect(await lab.sandbox.control("ssh/state")).toMatchObject({ connections: 0 });
  const { token } = lab.sandbox.authentik;
  const stack = readFileSync(join(lab.project.folder, "Pulumi.sandbox.yaml"), "utf8");
  expect(stack).toContain("secure:");
  expect(page + log).not.toContain(token);
});

test("fails with the reason on the page where the configuration is wrong", async () => {
  lab.project.configure("sandbox", { buttonText: "a\u0001b" });
  const { code, page } = await previewStep();
  expect(code).toBe(1);
  expect(page).toMatch(/buttonText/);
  expect(page).toMatch(/config set/);
});

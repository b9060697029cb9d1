/** Tokens of other users than administrators: without rights, and with just those that docs/authentik-token.md gives. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { loginAs } from "../../checks/login";
import { needsControl } from "./needs";
import { feedCli } from "./running";
import { changesOf, startLab, type Lab } from "./lab";

const { test } = needsControl("it is written for the sandbox's names and controls");

jest.setTimeout(300_000);

type Json = Record<string, unknown>;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ immichVersion: "2.3.1" });
  lab.project.configure("sandbox", {
    accessGroups: ["immich-users", "immich-admins"],
    adminGroups: ["immich-admins"],
  });
});
afterAll(() => lab?.stop());

const api = (method: string, path: string, body?: object): Promise<Json> =>
  lab.homelab.api(method, path, body);

test.each([["preview"], ["up", "--yes", "--skip-preview"]])(
  "a user without rights is told which are missing by pulumi %s, and nothing is made",
  async (...command) => {
    const username = `carol-${command[0]}`;
    const { pk } = await api("POST", "core/users/", { username, name: "Carol" });
    await api("POST", "core/tokens/", { identifier: username, user: pk, expiring: false });
    const { key } = await api("GET", `core/tokens/${username}/view_key/`);
    await setToken(String(key));
    const { code, stdout, stderr } = await lab.project.run(...command);
    expect(code).not.toBe(0);
    const text = (stdout + stderr).replace(/\n +/g, "\n");
    const diagnostics = text.slice(text.indexOf("Diagnostics:"));
    expect(diagnostics.match(/error: (?!preview failed|update failed)/g)).toHaveLength(1);
    expect(diagnostics).toContain(
      `, ${username}, lacks rights that are needed. Nothing was touched.`,
    );
    const missing = [...diagnostics.matchAll(/^missing: (.*)$/gm)].map(([, one]) => one);
    expect(missing.sort()).toEqual(permissions().sort());
    expect(diagnostics).toContain("docs/authentik-token.md");
    expect(diagnostics).toContain("npx pulumi config set --stack sandbox --secret authentik:token");
    expect(text).toMatch(/\n\+ 1 (created|to create)\n/); // the stack itself
    expect(text).not.toContain(String(key));
  },
);

test("the role of the documentation is enough for everything, from up to destroy", async () => {
  const { url, token } = lab.sandbox.authentik;
  const commands = recipe().replace(/^AUTHENTIK=.*$/m, `AUTHENTIK=${url} STACK=sandbox`);
  const child = spawn("bash", ["-euo", "pipefail", "-c", commands], {
    cwd: lab.project.folder,
    env: { ...process.env, ...lab.project.environment },
  });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  child.stdin.end(`${token}\n`);
  const code = await new Promise((done) => child.once("close", done));
  expect({ code, output }).toEqual({ code: 0, output: "" });

  await lab.up();
  const [user] = lab.sandbox.users;
  expect(await loginAs({ immichUrl: lab.sandbox.immich.url, ...user! })).toMatchObject({
    ok: true,
  });
  lab.project.configure("sandbox", {
    applicationSlug: "photos",
    accountLinking: "true",
    adminGroups: ["immich-admins", "immich-users"],
    accessGroups: ["immich-users"],
  });
  await lab.up("--refresh");
  expect(await lab.up()).not.toHaveProperty("updated");
  const destroyed = await lab.project.ok("destroy", "--yes", "--skip-preview", "--run-program");
  expect(changesOf(destroyed)).not.toHaveProperty("errored");
  for (const path of ["providers/oauth2/", "core/applications/", "policies/bindings/"])
    expect((await api("GET", path))["results"]).toEqual([]);
});

async function setToken(key: string): Promise<void> {
  await feedCli(
    lab.project,
    ["config", "set", "--stack", "sandbox", "--secret", "authentik:token"],
    key,
  );
}

/** The shell commands of the documentation. */
function recipe(): string {
  const page = readFileSync(resolve(__dirname, "../../docs/authentik-token.md"), "utf8");
  const [, block] = /```sh\n(.*?)```/s.exec(page) ?? [];
  if (block === undefined) throw new Error("no commands in docs/authentik-token.md");
  return block;
}

function permissions(): string[] {
  return [...recipe().matchAll(/"(authentik_\w+\.\w+)"/g)].map(([, one]) => one ?? "");
}

/** `npm run sandbox` and `npm start`, ended by a signal that reaches npm alone, as from a service manager. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

jest.setTimeout(300_000);

const ROOT = resolve(__dirname, "../..");

/** Processes that have `folder` among their variables, and are no zombies. */
function inFolder(folder: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const [environment, state] = ["environ", "stat"].map((name) =>
        readFileSync(`/proc/${pid}/${name}`, "utf8"),
      );
      return environment?.includes(`TMPDIR=${folder}`) && !/\) [ZX] /.test(state ?? "");
    } catch {
      return false;
    }
  });
}

async function until(what: string, condition: () => boolean, seconds: number): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !condition();) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

describe.each([
  ["run sandbox", ["run", "sandbox", "--", "--port-base", "0"], /Ctrl-C stops it/],
  ["start", ["start", "--", "--once"], /pulumi up/],
] as const)("npm %s", (_name, args, up) => {
  test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("ends with npm, by %s", async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), "npm-ends-"));
    const child = spawn("npm", args, {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await until(`npm ${args.join(" ")}: ${output}`, () => up.test(output), 120);
    expect(readdirSync(folder).some((name) => name.startsWith("immich-sandbox-"))).toBe(true);
    process.kill(child.pid ?? 0, signal);
    await until("everything is gone", () => inFolder(folder).length === 0, 60);
    const left = () =>
      readdirSync(folder).filter((name) => /^(immich-sandbox|postgres)-/.test(name));
    await until("the folders are gone", () => left().length === 0, 30);
    rmSync(folder, { recursive: true, force: true });
  });
});

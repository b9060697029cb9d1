// The shell script that the engine starts for a plugin: it takes over what was started ahead, once.
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Folder, temporaryFolder, writeExecutable } from "./home";

const engine = "127.0.0.1:4711";
let folder: Folder;
let launcher: string;
let ahead: string;

beforeEach(() => {
  folder = temporaryFolder();
  launcher = path.join(folder.path, "plugin", "pulumi-resource-thing");
  const script = fs.readFileSync(path.resolve(__dirname, "../../toolchain/launcher.sh"), "utf8");
  writeExecutable(launcher, script.replace("@AHEAD@", "../ahead"));
  const own = path.join(folder.path, "plugin", "stand-ins", "pulumi-resource-thing.js");
  writeExecutable(own, 'process.stdout.write(`own ${process.argv.slice(2).join(" ")}\\n`);');
  ahead = path.join(folder.path, "ahead", "4711");
  fs.mkdirSync(ahead, { recursive: true });
});

afterEach(() => folder.remove());

function startedAhead(host: number, port?: number): void {
  fs.writeFileSync(path.join(ahead, "host"), `${host}\n`);
  fs.writeFileSync(path.join(ahead, "pulumi-resource-thing.coming"), "");
  if (port) fs.writeFileSync(path.join(ahead, "pulumi-resource-thing"), `${port}\n`);
}

/** What the launcher prints before its input is closed, and that it ends then. */
async function launch(): Promise<string> {
  const child = spawn(launcher, ["-v=3", engine], { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  const ended = new Promise((resolve) => child.once("close", resolve));
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (text) => {
      output += text;
      if (output.includes("\n")) resolve();
    });
  });
  child.stdin.end();
  await ended;
  return output.trim();
}

test("with nothing started ahead it starts the plugin, with its arguments", async () => {
  expect(await launch()).toBe(`own -v=3 ${engine}`);
});

test("what was started ahead is taken over, once", async () => {
  startedAhead(process.pid, 5001);
  expect(await launch()).toBe("5001");
  expect(await launch()).toMatch(/^own/);
});

test("it waits for what is still starting", async () => {
  startedAhead(process.pid);
  const output = launch();
  setTimeout(() => fs.writeFileSync(path.join(ahead, "pulumi-resource-thing"), "5002\n"), 200);
  expect(await output).toBe("5002");
});

test("it does not wait for a language host that is gone", async () => {
  const { pid } = spawn("true");
  await new Promise((resolve) => setTimeout(resolve, 100));
  startedAhead(pid ?? 0);
  expect(await launch()).toMatch(/^own/);
});

test("it does not wait for a plugin that died while it started", async () => {
  startedAhead(process.pid);
  const output = launch();
  setTimeout(() => fs.rmSync(ahead, { recursive: true }), 200);
  expect(await output).toMatch(/^own/);
});

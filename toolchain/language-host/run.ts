// Runs the program: one Node process, started on Pulumi's own entry point `@pulumi/pulumi/cmd/run`.
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb";
import { startAhead } from "./ahead";
import { sayStandIns } from "./notice";
import { ownFolder } from "./places";
import { isInstalled, standInProviders } from "./stand-ins";
import { type ProgramOptions, programOptions, typescriptEnvironment } from "./options";
import { entryPoint } from "./packages";

/** The exit code of a program that has told the user what was wrong; cmd/run/index.js of @pulumi/pulumi. */
const userHasBeenTold = 32;

/** Where the program runs and how. */
export interface Launch {
  /** Arguments of `node`, from its own flags to those of the program. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

let running: ChildProcess | undefined;

/**
 * Runs a program to its end. What it prints goes to the user by way of our own output.
 *
 * @returns an empty answer when it ended well, `bail` when it has told the user what was wrong, and an
 *   error text otherwise.
 */
export async function runProgram(request: RunRequest, engineAddress: string): Promise<RunResponse> {
  const launch = prepare(request, engineAddress);
  if (isInstalled()) {
    const providers = standInProviders(launch.cwd);
    sayStandIns(providers.length);
    startAhead({ engine: engineAddress, providers });
  }
  const { code, signal } = await run(launch);
  const response = new RunResponse();
  if (code === userHasBeenTold) response.setBail(true);
  else if (code === null) response.setError(`Program was ended by signal ${signal ?? "unknown"}`);
  else if (code !== 0) response.setError(`Program exited with non-zero exit code: ${code}`);
  return response;
}

/** Ends the program that is running, if there is one. */
export function stopProgram(): void {
  running?.kill("SIGTERM");
}

/** What to start for a request: pure, but for finding `@pulumi/pulumi` beside the program. */
export function prepare(request: RunRequest, engineAddress: string): Launch {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() || request.getPwd();
  const options = programOptions(info?.getOptions()?.toJavaScript());
  const args = [
    ...preload(),
    ...options.nodeArguments,
    entryPoint("@pulumi/pulumi/cmd/run", directory),
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engineAddress}`,
    `--organization=${request.getOrganization()}`,
    `--project=${request.getProject()}`,
    `--root-directory=${info?.getRootDirectory() ?? directory}`,
    `--stack=${request.getStack()}`,
    `--pwd=${request.getPwd()}`,
    ...(request.getDryrun() ? ["--dry-run"] : []),
    `--parallel=${request.getParallel()}`,
    info?.getEntryPoint() || request.getProgram() || ".",
    ...request.getArgsList(),
  ];
  return { args, env: environment(request, options), cwd: directory };
}

/** Makes the program start faster; see preload.ts. */
function preload(): string[] {
  const file = path.join(ownFolder, "preload.js");
  return fs.existsSync(file) ? [`--require=${file}`] : [];
}

function environment(request: RunRequest, options: ProgramOptions): Record<string, string> {
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    ...typescriptEnvironment(options),
  };
}

function run(launch: Launch): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, launch.args, {
      cwd: launch.cwd,
      env: { ...process.env, ...launch.env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    running = child;
    child.once("error", (error) => reject(new Error(`could not start Node: ${error.message}`)));
    child.once("exit", (code, signal) => {
      running = undefined;
      resolve({ code, signal });
    });
  });
}

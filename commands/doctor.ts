/**
 * `npm run doctor`: is logging in still working, and if not, why. Changes nothing.
 *
 *   npm run doctor [-- --stack S]           a table, and what to do about what is broken
 *   npm run doctor -- --json                {"ok":bool,"checks":[{"id","verdict","seen","fix"}],
 *                                           "notDeployed":["buttonText"]}
 *   npm run doctor -- --watch               again every 30 s (`--every 10`: 10) until Ctrl-C; tells what has changed
 *   npm run doctor -- --report              for a bug report: everything needed, secrets and addresses taken out
 *   npm run doctor -- --login               a whole login, with a person's or a test user's help
 *
 * Exit code 0: nothing is broken; 1: something is; 2: wrong usage, the stack can't be read, or a check
 * crashed.
 */
import { parseArgs } from "node:util";

import { advice, report, summary, table } from "../checks/print";
import { runChecks } from "../checks/run";
import type { CheckResult } from "../checks/types";
import { ConfigError } from "../config";
import { ends, say } from "./command";
import { CannotRead, inputOf, readStack, type Stack } from "./doctorInput";
import { fullLogin } from "./doctorLogin";
import { bugReport } from "./doctorReport";
import { closeAccess } from "./hostAccess";
import { runningSandbox } from "./running";

const USAGE =
  "usage: npm run doctor [-- [--stack NAME] [--config-file FILE] [--json | --report | --watch [--every SECONDS] | --login [--user NAME]]]";

interface Options {
  readonly stack?: string;
  readonly json: boolean;
  readonly login: boolean;
  readonly report: boolean;
  readonly watch: boolean;
  /** Pause between two looks of `watch`, in seconds. */
  readonly every: number;
  readonly user?: string;
  /** Another file than Pulumi.STACK.yaml, as for `npx pulumi`. */
  readonly configFile?: string;
}

/** The whole command; answers the exit code. */
async function main(): Promise<number> {
  const options = read();
  if (options === undefined) return 2;
  const sandbox = options.stack === "sandbox" ? runningSandbox() : undefined;
  Object.assign(process.env, sandbox?.environment);
  try {
    const look = () => readStack(options.stack, options.configFile ?? sandbox?.configFile);
    if (options.watch) return await watch(look, options);
    const stack = await look();
    if (options.login) return await fullLogin(inputOf(stack), options.user);
    if (stack.deployed === undefined) {
      say(
        "Nothing is deployed in this stack: what follows is checked against its configuration. `npx pulumi up` deploys it.\n",
      );
    }
    const results = await check(stack);
    const { ok } = report(results);
    const { notDeployed } = stack;
    const deployed = stack.deployed !== undefined;
    if (options.json) print(JSON.stringify({ ...report(results), notDeployed }));
    else if (options.report) print(bugReport({ ...stack, results, deployed }));
    else print(page(stack, results, options));
    if (!ok) return 1;
    return results.some((one) => one.verdict === "crashed") ? 2 : 0;
  } catch (error) {
    if (error instanceof CannotRead || error instanceof ConfigError) {
      say(error.message);
      return 2;
    }
    throw error;
  } finally {
    await closeAccess();
  }
}

/** Runs the checks, and says which of them take long. */
function check(stack: Stack): Promise<CheckResult[]> {
  return runChecks(inputOf(stack), {
    onSlow: (ids) => say(`Still waiting for ${ids.join(", ")} …`),
  });
}

/** The table, what to do, and the summary. */
function page({ notDeployed }: Stack, results: readonly CheckResult[], options: Options): string {
  const { isTTY: terminal, columns } = process.stdout;
  const { NO_COLOR } = process.env;
  return [
    table(results, { width: columns, colour: terminal && !NO_COLOR }),
    "",
    ...results.filter((one) => one.fix !== "").flatMap(advice),
    ...results.flatMap(({ warning }) => warning ?? []),
    ...(report(results).ok ? [] : results.flatMap(({ note }) => note ?? [])),
    ...(notDeployed.length === 0 ? [] : [pending(notDeployed, options.stack)]),
    summary(results),
  ].join("\n");
}

/** Looks again and again until it is interrupted, and tells whenever a verdict is another one. */
async function watch(look: () => Promise<Stack>, options: Options): Promise<number> {
  let interrupted = false;
  let wake = () => {};
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      interrupted = true;
      wake();
    });
  let before: readonly CheckResult[] | undefined;
  while (!interrupted) {
    const stack = await look();
    const results = await check(stack);
    if (before === undefined) print(page(stack, results, options));
    else for (const line of changes(before, results)) print(line);
    before = results;
    if (interrupted) break;
    await new Promise<void>((resolve) => {
      const pause = setTimeout(resolve, options.every * 1000);
      wake = () => {
        clearTimeout(pause);
        resolve();
      };
    });
  }
  return before !== undefined && report(before).ok ? 0 : 1;
}

/** A line for each check that has another verdict than before, and what to do. */
function changes(before: readonly CheckResult[], now: readonly CheckResult[]): string[] {
  const time = new Date().toISOString().slice(11, 19);
  return now.flatMap((one) => {
    const was = before.find(({ id }) => id === one.id)?.verdict;
    if (was === one.verdict) return [];
    const line = `${time}  ${one.id}: ${was} → ${one.verdict}: ${one.seen}`;
    return one.fix === "" ? [line] : [line, `    fix:    ${one.fix}`];
  });
}

/** Configuration that no `up` has brought out yet: no fault, and all the same not so. */
function pending(keys: readonly string[], stack: string | undefined): string {
  const command = `npx pulumi up${stack === undefined ? "" : ` --stack ${stack}`}`;
  return `not deployed yet: ${keys.join(", ")} (\`${command}\` deploys ${keys.length === 1 ? "it" : "them"}; the checks are about what is deployed)`;
}

function read(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        stack: { type: "string", short: "s" },
        json: { type: "boolean" },
        login: { type: "boolean" },
        report: { type: "boolean" },
        watch: { type: "boolean" },
        every: { type: "string", default: "30" },
        user: { type: "string" },
        "config-file": { type: "string" },
      },
    });
    const one = [values.json, values.report, values.watch, values.login].filter(Boolean);
    if (one.length > 1) throw new Error("--json, --report, --watch and --login exclude each other");
    const every = Number(values.every);
    if (!(every >= 1 && every <= 86_400))
      throw new Error(`--every ${values.every}: allowed are seconds from 1 to 86400`);
    return {
      stack: values.stack,
      user: values.user,
      configFile: values["config-file"],
      json: values.json ?? false,
      login: values.login ?? false,
      report: values.report ?? false,
      watch: values.watch ?? false,
      every,
    };
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return undefined;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

ends(main(), { code: 2, says: "doctor itself failed: " });

/**
 * `npm run doctor`: is logging in still working, and if not, why. Changes nothing.
 *
 *   npm run doctor [-- --stack S]           a table, and what to do about what is broken
 *   npm run doctor -- --json                {"ok":bool,"checks":[{"id","verdict","seen","fix"}],
 *                                           "notDeployed":["buttonText"]}
 *   npm run doctor -- --login               a whole login, with a person's or a test user's help
 *
 * Exit code 0: nothing is broken; 1: something is; 2: wrong usage, the stack can't be read, or a check
 * crashed.
 */
import { parseArgs } from "node:util";

import { advice, report, summary, table } from "../checks/print";
import { runChecks } from "../checks/run";
import { ConfigError } from "../config";
import { closeShared } from "../ssh/shared";
import { fullLogin } from "./doctorLogin";
import { runningSandbox } from "./running";
import { CannotRead, inputOf, readStack } from "./doctorInput";

const USAGE =
  "usage: npm run doctor [-- [--stack NAME] [--config-file FILE] [--json] [--login [--user NAME]]]";

interface Options {
  readonly stack?: string;
  readonly json: boolean;
  readonly login: boolean;
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
    const stack = await readStack(options.stack, options.configFile ?? sandbox?.configFile);
    const input = inputOf(stack);
    if (options.login) return await fullLogin(input, options.user);
    if (stack.deployed === undefined) {
      say(
        "Nothing is deployed in this stack: what follows is checked against its configuration. `npx pulumi up` deploys it.\n",
      );
    }
    const results = await runChecks(input);
    const { ok } = report(results);
    const { notDeployed } = stack;
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ ...report(results), notDeployed })}\n`);
    } else {
      const lines = [
        table(results, process.stdout.columns),
        "",
        ...results.filter((one) => one.fix !== "").flatMap(advice),
        ...(ok ? [] : results.flatMap(({ note }) => note ?? [])),
        ...(notDeployed.length === 0 ? [] : [pending(notDeployed, options.stack)]),
        summary(results),
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    }
    if (!ok) return 1;
    return results.some((one) => one.verdict === "crashed") ? 2 : 0;
  } catch (error) {
    if (error instanceof CannotRead || error instanceof ConfigError) {
      say(error.message);
      return 2;
    }
    throw error;
  } finally {
    await closeShared();
  }
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
        user: { type: "string" },
        "config-file": { type: "string" },
      },
    });
    return {
      stack: values.stack,
      user: values.user,
      configFile: values["config-file"],
      json: values.json ?? false,
      login: values.login ?? false,
    };
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return undefined;
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    say(`doctor itself failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
  },
);

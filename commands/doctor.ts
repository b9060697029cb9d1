/**
 * `npm run doctor`: is logging in still working, and if not, why. Changes nothing.
 *
 *   npm run doctor [-- --stack S]           a table, and what to do about what is broken
 *   npm run doctor -- --json                {"ok":bool,"checks":[{"id","verdict","seen","fix"}]}
 *   npm run doctor -- --login               a whole login, with a person's or a test user's help
 *
 * Exit code 0: nothing is broken; 1: something is; 2: wrong usage, or the stack can't be read.
 */
import { parseArgs } from "node:util";

import { advice, report, summary, table } from "../checks/print";
import { runChecks } from "../checks/run";
import { ConfigError } from "../config";
import { closeShared } from "../ssh/shared";
import { fullLogin } from "./doctorLogin";
import { sandboxEnvironment } from "./running";
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
  if (options.stack === "sandbox") Object.assign(process.env, sandboxEnvironment());
  try {
    const stack = await readStack(options.stack, options.configFile);
    const input = inputOf(stack);
    if (options.login) return await fullLogin(input, options.user);
    if (stack.outputs === undefined) {
      say(
        "Nothing is deployed in this stack: what follows is checked against its configuration. `npx pulumi up` deploys it.\n",
      );
    }
    const results = await runChecks(input);
    const { ok } = report(results);
    if (options.json) process.stdout.write(`${JSON.stringify(report(results))}\n`);
    else {
      const bad = results.filter((one) => one.verdict === "broken");
      process.stdout.write(
        `${[table(results, process.stdout.columns), "", ...bad.flatMap(advice), summary(results)].join("\n")}\n`,
      );
    }
    return ok ? 0 : 1;
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

/**
 * npm run lives [-- --json] [--lives N] [--seed S] [--only K] [--planted]
 *
 * Lives N random lives of a stack in a sandbox (default 30, of a new seed): configurations, `up`s, refreshes, deaths and
 * renames at random, and `destroy` at the end. A life is survived where Immich, PostgreSQL and Authentik then are as they
 * were before it, or a message says what stays. The last line of stdout is one JSON object with --json. Ends with 0 when
 * all were survived. --only K lives the K-th life of a seed alone; --planted tries a program with a defect.
 */
import { parseArgs } from "node:util";

import { runLives } from "./harness";
import { plantDefect } from "./planted";

void (async () => {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean" },
      lives: { type: "string", default: "30" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      only: { type: "string" },
      planted: { type: "boolean" },
    },
  });
  const started = Date.now();
  const number = (name: string, text: string): number => {
    if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} ${text}: a number is wanted`);
    return Number(text);
  };
  const seed = number("seed", values.seed);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const report = await runLives({
    seed,
    lives:
      values.only === undefined
        ? Array.from({ length: number("lives", values.lives) }, (_, at) => at)
        : [number("only", values.only)],
    ...(values.planted ? { prepare: plantDefect } : {}),
    onStep: (life, line) => say(`${life}: ${line}`),
    onLife: (life, { lost, told }) => {
      say(lost === undefined ? `${life}: survived` : `${life}: LOST: ${lost}`);
      for (const one of told) say(`${life}: stays, and it was said: ${one}`);
      if (lost !== undefined) say(`again: npm run lives -- --seed ${seed} --only ${life}`);
    },
  });
  const seconds = Math.round((Date.now() - started) / 1000);
  const { tried, survived, failedUps, healed, destroyed } = report;
  say(
    `${survived} of ${tried} survived; of ${failedUps} failed ups ${healed} healed by the next, ` +
      `${destroyed} followed by destroy; ${seconds} s; seed ${seed}`,
  );
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = survived === tried && tried > 0 ? 0 : 1;
})();

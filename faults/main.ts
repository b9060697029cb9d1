// npm run faults [-- --json] [--way database|api] [--planted]
//
// Breaks the change of Immich's settings at every step, in its database and through its API, and says what was left of
// them. With --json the last line of stdout is one JSON object. Ends with 0 when everything was survived. --way tries one
// way alone. --planted tries defective writers instead: they must not survive.
import { parseArgs } from "node:util";

import { runApiFaults } from "./api/harness";
import { blindWriter, forgetfulWriter } from "./api/planted";
import { type Case, runFaults } from "./harness";
import { plantedWriter } from "./planted";

void (async () => {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean" },
      planted: { type: "boolean" },
      way: { type: "string" },
    },
  });
  if (values.way !== undefined && !["database", "api"].includes(values.way))
    throw new Error(`--way is database or api, not ${values.way}`);
  const started = Date.now();
  let count = 0;
  const onCase = ({ store, operation, step, fault, outcome }: Case, survived: boolean): void => {
    count += 1;
    if (!survived) {
      process.stderr.write(`${store}, ${operation}, ${step}, ${fault}: ${outcome}\n`);
    } else if (count % 100 === 0) {
      process.stderr.write(`${count} tried\n`);
    }
  };
  const { planted, way } = values;
  const runs = [
    ...(way === "api"
      ? []
      : [() => runFaults({ onCase, ...(planted ? { writer: plantedWriter } : {}) })]),
    ...(way === "database"
      ? []
      : planted
        ? [forgetfulWriter, blindWriter].map((writer) => () => runApiFaults({ onCase, writer }))
        : [() => runApiFaults({ onCase })]),
  ];
  const report = { tried: 0, survived: 0, cases: [] as Case[] };
  for (const run of runs) {
    const { tried, survived, cases } = await run();
    report.tried += tried;
    report.survived += survived;
    report.cases.push(...cases);
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stderr.write(`${report.survived} of ${report.tried} survived, ${seconds} s\n`);
  const code = report.survived === report.tried && report.tried > 0 ? 0 : 1;
  // Node 20 can spin for ever while it closes sockets that were reset; so it is told to end.
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : "", () => process.exit(code));
})();

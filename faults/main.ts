// npm run faults [-- --json] [--planted]
//
// Breaks the settings row at every step and says what was left of it. With --json the last line of stdout is one JSON
// object. Ends with 0 when everything was survived. --planted tries a defective writer instead: it must not survive.
import { parseArgs } from "node:util";

import { runFaults } from "./harness";
import { plantedWriter } from "./planted";

void (async () => {
  const { values } = parseArgs({
    options: { json: { type: "boolean" }, planted: { type: "boolean" } },
  });
  const started = Date.now();
  let count = 0;
  const report = await runFaults({
    ...(values.planted ? { writer: plantedWriter } : {}),
    onCase: ({ store, operation, step, fault, outcome }, survived) => {
      count += 1;
      if (!survived) {
        process.stderr.write(`${store}, ${operation}, ${step}, ${fault}: ${outcome}\n`);
      } else if (count % 100 === 0) {
        process.stderr.write(`${count} tried\n`);
      }
    },
  });
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stderr.write(`${report.survived} of ${report.tried} survived, ${seconds} s\n`);
  const code = report.survived === report.tried && report.tried > 0 ? 0 : 1;
  // Node 20 can spin for ever while it closes sockets that were reset; so it is told to end.
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : "", () => process.exit(code));
})();

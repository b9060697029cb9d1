// Runs one operation in a process of its own, so that it can be killed at any moment. Told what to do on stdin.
import { text } from "node:stream/consumers";

import type { Way } from "../immich/open";
import { type Job, perform, realWriter } from "./operations";

void (async () => {
  const { context, job } = JSON.parse(await text(process.stdin)) as {
    context: Way;
    job: Job;
  };
  try {
    process.stdout.write(JSON.stringify({ done: await perform(realWriter, context, job) }));
  } catch (error) {
    process.stdout.write(JSON.stringify({ error: error instanceof Error ? error.message : "?" }));
  }
})();

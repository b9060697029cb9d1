import { fstatSync } from "node:fs";

// A plugin lives exactly as long as the engine that started it.

/** How long a plugin that was told to stop may still take, in milliseconds. The engine kills at 5 s. */
const graceMs = 3_000;

/**
 * Ends this process when the engine says so (SIGINT, SIGTERM) and when the engine is gone, even if it
 * was killed: the engine holds the other end of our standard input, which then closes.
 *
 * @param cleanUp called once before the end; the process stays for at most three seconds if it returns
 *   a promise.
 * @param outlivesMs how long it stays when the engine is gone without a word, in milliseconds. Default: 0.
 */
export function exitWithEngine(
  cleanUp: () => void | Promise<void> = () => {},
  outlivesMs = 0,
): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(0), graceMs).unref();
    void Promise.resolve()
      .then(cleanUp)
      .catch(() => {})
      .then(() => process.exit(0));
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  // A language host that runs a plugin gives it nothing to read, and ends it by a signal.
  if (!isPipe()) return;
  const gone = (): void => void setTimeout(end, outlivesMs);
  process.stdin.once("end", gone);
  process.stdin.once("close", gone);
  process.stdin.once("error", gone);
  process.stdin.resume();
}

function isPipe(): boolean {
  try {
    const input = fstatSync(0);
    return input.isFIFO() || input.isSocket();
  } catch {
    return false;
  }
}

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
 */
export function exitWithEngine(cleanUp: () => void | Promise<void> = () => {}): void {
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
  process.stdin.on("end", end);
  process.stdin.on("close", end);
  process.stdin.on("error", end);
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

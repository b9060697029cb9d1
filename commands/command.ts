/** What the commands of this folder have in common: a word to the user, and an end. */

/** Says something to the user; standard output is for results. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Ends the process with a command's exit code once it is done.
 *
 * @param failed the exit code where the command throws, and what is said before the error's message (default: nothing)
 */
export function ends(
  command: Promise<number>,
  failed: { readonly code: number; readonly says?: string },
): void {
  command.then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      say(`${failed.says ?? ""}${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = failed.code;
    },
  );
}

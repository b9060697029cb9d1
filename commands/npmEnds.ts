/**
 * npm between a person and a program of this project. `npm run` starts a shell, and the shell `exec`s the program: so npm
 * passes INT and TERM on to the program itself. Killed, npm passes on nothing.
 */

/** How often is looked, in milliseconds. */
const PAUSE = 500;

/** Calls `gone` when the npm that runs this process has ended; never where none does. */
export function whenNpmEnds(gone: () => void): void {
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const npm = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(watch);
    gone();
  }, PAUSE);
  watch.unref();
}

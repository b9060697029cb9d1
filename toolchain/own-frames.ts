// Keeps source maps out of stack traces where they help nobody. The SDK takes a stack trace for every
// promise and every resource that it makes, and two libraries (source-map-support, and ts-node's copy of it)
// look up each frame of each of them: a third of the time that a program of twenty resources runs.

type Prepare = (error: Error, frames: readonly NodeJS.CallSite[]) => unknown;

/** The traces that label promises, for a search for leaks that is off: nobody reads them. */
const promiseLabels = /@pulumi[\\/]pulumi[\\/]runtime[\\/]debuggable\.js$/;

/** Frames of packages and of Node: their maps lead to files that are not here. */
const foreign = /[\\/]node_modules[\\/]|^node:/;

/**
 * From now on frames of the program itself are mapped to its sources, as before, and all others are
 * shown as they are. Handlers of other libraries stay as they are.
 */
export function mapOwnFramesOnly(): void {
  let current = Error.prepareStackTrace as Prepare | undefined;
  Object.defineProperty(Error, "prepareStackTrace", {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (given: Prepare | undefined) => {
      current = given && mapsFrames(given) ? sparing(given) : given;
    },
  });
}

/** Recognises source-map-support's handler, in its original and in ts-node's copy. */
function mapsFrames(handler: Prepare): boolean {
  return handler.name === "prepareStackTrace" && String(handler).includes("wrapCallSite(stack[i]");
}

function sparing(map: Prepare): Prepare {
  return (error, frames) => {
    const title = String(map(error, []));
    const label = promiseLabels.test(frames[0]?.getFileName() ?? "");
    const lines = frames.map((frame) => {
      const file = frame.getFileName();
      const own = file && !label && !foreign.test(file);
      return own ? String(map(error, [frame])).slice(title.length) : `\n    at ${String(frame)}`;
    });
    return title + lines.join("");
  };
}

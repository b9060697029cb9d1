/** Pulumi's value for "not known yet" in a preview. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Marks errors that Pulumi reports anyway, so that its second report with a stack can be left out. */
const TOLD = "(told by Pulumi)";

/**
 * The methods of a dynamic provider, with errors as a user should see them: the message alone.
 *
 * Pulumi's process for dynamic providers prints an error of `read`, `diff` and `delete` with its stack
 * (console.error), and then reports its message too. The first of the two is left out.
 */
export function withPlainErrors<T extends object>(provider: T): T {
  silenceDoubles();
  return new Proxy(provider, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        try {
          return await method.apply(target, args);
        } catch (error) {
          throw new ToldError(error);
        }
      };
    },
  });
}

class ToldError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.stack = "";
  }
  override toString(): string {
    return TOLD;
  }
}

let silenced = false;

function silenceDoubles(): void {
  if (silenced) return;
  silenced = true;
  const print = console.error;
  console.error = (...args: unknown[]) => {
    if (!String(args[0]).startsWith(TOLD)) print(...args);
  };
}

/** Tells the user something that is no error; Pulumi shows what a provider prints. */
export function warn(sentences: readonly string[]): void {
  for (const sentence of sentences) process.stderr.write(`warning: ${sentence}\n`);
}

/** Command lines as `docker`'s own parser takes them apart. */

/** What a command line was taken apart into. */
export interface Arguments {
  /** Options by their first name; a switch is "true". */
  readonly options: Readonly<Record<string, string>>;
  /** What is left. */
  readonly words: readonly string[];
}

/** Option names (`--tail`, `-n`), the first of which is the key in `options`. */
export interface Known {
  /** Options with a value. */
  readonly values?: readonly (readonly string[])[];
  /** Options without. */
  readonly switches?: readonly (readonly string[])[];
}

/** An option that isn't known; the text is Docker's. */
export class UnknownOption extends Error {}

/**
 * Takes `args` apart.
 *
 * @param stopAtWord leaves everything from the first word on alone: there a sub-command begins.
 * @throws UnknownOption
 */
export function parse(args: readonly string[], known: Known, stopAtWord = false): Arguments {
  const options: Record<string, string> = {};
  const words: string[] = [];
  const queue = args.flatMap((arg) => (/^-[a-zA-Z]{2,}$/.test(arg) ? separate(arg, known) : [arg]));
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === "--") {
      words.push(...queue.splice(0));
    } else if (!arg.startsWith("-") || arg === "-") {
      words.push(arg);
      if (stopAtWord) words.push(...queue.splice(0));
    } else {
      const [flag = arg, ...inline] = arg.split("=");
      const switched = known.switches?.find((names) => names.includes(flag));
      const valued = known.values?.find((names) => names.includes(flag));
      if (switched !== undefined) {
        options[key(switched)] = inline.length > 0 ? inline.join("=") : "true";
      } else if (valued !== undefined) {
        const value = inline.length > 0 ? inline.join("=") : queue.shift();
        if (value === undefined) throw new UnknownOption(`flag needs an argument: ${flag}`);
        options[key(valued)] = value;
      } else {
        throw new UnknownOption(
          flag.startsWith("--")
            ? `unknown flag: ${flag}`
            : `unknown shorthand flag: '${flag.slice(1)}' in ${flag}`,
        );
      }
    }
  }
  return { options, words };
}

/** `-aq` as `-a -q`, where these are switches. */
function separate(arg: string, known: Known): string[] {
  const letters = [...arg.slice(1)].map((letter) => `-${letter}`);
  const all = letters.every((letter) => known.switches?.some((names) => names.includes(letter)));
  return all ? letters : [arg];
}

function key(names: readonly string[]): string {
  return (names[0] ?? "").replace(/^-+/, "");
}

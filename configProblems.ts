/** What is wrong with a stack's configuration: all of it in one message, each problem with the command that fixes it. */
import { quote } from "./ssh/quote";

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  readonly key: string;
  /** The value, quoted; `[secret]` or the like for what is not shown; undefined where there is none. */
  readonly given?: string;
  readonly allowed: string;
  /** The command that sets it right, quoted for a POSIX shell. */
  readonly fix: string;
}

/** Every problem of a configuration in one message. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(describe(problems));
    this.name = "ConfigError";
  }
}

/**
 * A value as messages show it: quoted, with nothing in it that a terminal would act upon or hide, and nothing of what
 * may be the password of `scheme://user:password@host`.
 */
export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  if (/:[^@]*@/.test(text)) return "[may contain a password]";
  return text.replace(
    /[\p{Cc}\p{Cf}]/gu,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function describe(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return [
    `The configuration of this stack has ${count}; nothing was touched.`,
    ...problems.flatMap(({ key, given, allowed, fix }) => [
      "",
      `  ${key}: ${given === undefined ? "not set" : `is ${given}`}`,
      `    allowed: ${allowed}`,
      `    fix:     ${fix}`,
    ]),
  ].join("\n");
}

/** Commands of the Pulumi CLI for one stack. */
export class ConfigCommands {
  private readonly stack: string;

  /** @param stack undefined: the one that is selected */
  constructor(stack: string | undefined) {
    this.stack = stack === undefined ? "" : ` --stack ${quote(stack)}`;
  }

  /** Sets a key, or an item of a list: `accessGroups[0]`. */
  set(key: string, value: string): string {
    return this.setTo(
      key,
      value.startsWith("-") ? `-- ${quote(key)} ${quote(value)}` : `${quote(key)} ${quote(value)}`,
    );
  }

  /** Sets a key to what a command prints. */
  setToOutput(key: string, command: string): string {
    return this.setTo(key, `${quote(key)} "$(${command})"`);
  }

  /** Asks for a secret, or reads it from a file. */
  setSecret(key: string, file?: string): string {
    return this.setTo(key, `--secret ${quote(key)}${file === undefined ? "" : ` < ${file}`}`);
  }

  /** Takes a key, an item of a list or an entry of a map away. */
  remove(key: string): string {
    return `npx pulumi config rm${this.stack}${path(key)} ${quote(key)}`;
  }

  private setTo(key: string, rest: string): string {
    return `npx pulumi config set${this.stack}${path(key)} ${rest}`;
  }
}

const path = (key: string): string => (/[.\]]/.test(key) ? " --path" : "");

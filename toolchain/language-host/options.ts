// `runtime.options` of Pulumi.yaml or PulumiPlugin.yaml, as the official language host reads them.

/** How a program wants to be run. */
export interface ProgramOptions {
  /** Whether TypeScript sources are loaded. Default: true. */
  readonly typescript: boolean;
  /** Arguments for `node` itself. Default: none. */
  readonly nodeArguments: readonly string[];
  /** The tsconfig.json to use, relative to the program. Default: the one beside the program. */
  readonly tsconfig?: string;
}

/**
 * Reads the options; unknown ones are left to others, a wrong type is an error that names the key.
 *
 * @param file the file that they stand in, for errors
 */
export function programOptions(
  given: Record<string, unknown> = {},
  file = "Pulumi.yaml",
): ProgramOptions {
  const wrong = (key: string, value: unknown, allowed: string): Error =>
    new Error(
      `runtime.options.${key} in ${file} is ${JSON.stringify(value)}: it must be ${allowed}`,
    );
  const { typescript = true, nodeargs = "", tsconfig } = given;
  if (typeof typescript !== "boolean") throw wrong("typescript", typescript, "true or false");
  if (typeof nodeargs !== "string") throw wrong("nodeargs", nodeargs, "a text");
  if (tsconfig !== undefined && typeof tsconfig !== "string") {
    throw wrong("tsconfig", tsconfig, "a path");
  }
  return { typescript, nodeArguments: words(nodeargs), ...(tsconfig ? { tsconfig } : {}) };
}

/** Splits at spaces as a shell would: quotes of either kind keep words together. */
function words(text: string): string[] {
  const found = text.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return found.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

/** What tells the SDK's entry points to load TypeScript. */
export function typescriptEnvironment(options: ProgramOptions): Record<string, string> {
  return {
    ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
    ...(options.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig } : {}),
  };
}

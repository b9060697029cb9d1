/** Where a part of the toolchain comes from. */
export type Origin =
  /** installed by Pulumi's own means, in $PULUMI_HOME */
  | "official"
  /** somebody's, found on $PATH; the engine prefers it */
  | "path"
  /** put there by this setup, and marked */
  | "stand-in"
  /** the engine, built from its source or brought by hand */
  | "built"
  /** not there */
  | "missing";

/** A part of the toolchain. */
export interface Part {
  /** "CLI", "language host", "dynamic provider launcher", "provider command" … */
  readonly name: string;
  readonly version: string;
  readonly origin: Origin;
  /** The executable. */
  readonly path: string;
}

/** What is installed. */
export interface Report {
  /** $PULUMI_HOME, or ~/.pulumi. */
  readonly home: string;
  readonly parts: readonly Part[];
}

/** Where to set up; for tests. */
export interface Where {
  /** The repository. Default: this one. */
  readonly root?: string;
  /** Pulumi's folder. Default: $PULUMI_HOME, or ~/.pulumi. */
  readonly home?: string;
}

/** What takes long or reaches outside; each throws when it cannot be done. */
export interface Reach {
  downloadCli(root: string, version: string, target: string): Promise<void>;
  downloadPlugin(cli: string, plugin: { name: string; version: string }): Promise<void>;
  buildEngine(root: string, version: string, target: string): Promise<void>;
  /** Why the engine cannot be built here; undefined when it can. */
  whyNot(root: string, version: string, downloadFailure: string): Promise<string | undefined>;
  bundleCliParts(
    root: string,
    home: string,
    targets: { bin: string; languageHost?: string; dynamicLauncher?: string },
  ): Promise<void>;
  bundlePlugin(root: string, home: string, source: string, executable: string): Promise<void>;
}

export interface EnsureOptions extends Where {
  /** No progress lines. Default: false. */
  readonly quiet?: boolean;
  /** Where progress lines go. Default: standard error. */
  readonly out?: { write(text: string): unknown; readonly isTTY?: boolean };
  /** Replacements for what takes long; for tests. */
  readonly reach?: Partial<Reach>;
}

/**
 * Brings everything into place that a run needs: npm packages, the CLI, the language host, the providers.
 * Takes some 30 ms and says nothing when there is nothing to do.
 *
 * @throws Error whose message says what was being done and what to do next.
 */
export function ensure(options?: EnsureOptions): Promise<Report>;

/** Says of each part where it comes from. Changes nothing; the npm packages must be installed. */
export function report(where?: Where): Report;

/** Takes away everything that `ensure` has put into $PULUMI_HOME; what is official stays. */
export function remove(where?: Where): Promise<void>;

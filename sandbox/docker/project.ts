/** Which Compose project a call is about. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { projectOf, type Seen } from "./container";
import { type Call, Refusal, visible, type World } from "./world";

const FILES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** A Compose project, as the call finds it. */
export interface Project {
  /** The services of its file. */
  readonly services: readonly string[];
  /** Its containers, stopped ones too. */
  readonly containers: readonly Seen[];
}

/**
 * The project that the call is about: its name stands on the command line, in `.env`, in the file, or is the folder's.
 *
 * @param noFile what is said where there is no Compose file
 */
export function findProject(
  world: World,
  call: Call,
  options: Readonly<Record<string, string>>,
  noFile: () => Refusal,
): Project {
  const here = (path: string): string =>
    path.startsWith("/opt/") ? join(world.root, path) : resolve(call.cwd, path);
  const file =
    options["file"] === undefined
      ? search(here(options["project-directory"] ?? "."))
      : here(options["file"]);
  if (file === undefined) throw noFile();
  if (!existsSync(file)) throw new Refusal(`open ${file}: no such file or directory`);
  const text = readFileSync(file, "utf8");
  const variables = join(dirname(file), ".env");
  const environment = existsSync(variables) ? readFileSync(variables, "utf8") : "";
  const name =
    options["project-name"] ??
    /^COMPOSE_PROJECT_NAME=(.+)$/m.exec(environment)?.[1] ??
    /^name: (.+)$/m.exec(text)?.[1] ??
    basename(dirname(file));
  const services = [...text.replace(/^[^]*^services:$/m, "").matchAll(/^ {2}([\w-]+):/gm)];
  return {
    services: services.map(([, service = ""]) => service),
    containers: visible(world, call).filter((seen) => projectOf(seen) === name),
  };
}

/** As Compose looks for its file: here, then further up. */
function search(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const name = FILES.find((candidate) => existsSync(join(folder, candidate)));
    if (name !== undefined) return join(folder, name);
    if (folder === dirname(folder)) return undefined;
  }
}

/** `docker compose restart|up|start|stop|ps|logs` for the one project there is, in `/opt/immich`. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "./arguments";
import { PROJECT, type Seen } from "./container";
import { act } from "./lifecycle";
import { chosen, statusText, table } from "./output";
import { goJson } from "./template";
import { type Answer, type Call, Refusal, visible, type World } from "./world";

type Output = Partial<Pick<Answer, "stdout" | "stderr">>;

const FILES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** Does what a `compose` command says. */
export async function compose(world: World, call: Call, args: readonly string[]): Promise<Output> {
  const { options, words } = parse(
    args,
    {
      values: [
        ["--file", "-f"],
        ["--project-directory"],
        ["--project-name", "-p"],
        ["--env-file"],
        ["--ansi"],
        ["--progress"],
      ],
    },
    true,
  );
  const [verb = "", ...others] = words;
  if (verb === "version") return { stdout: "Docker Compose version v2.36.2\n" };
  const project = services(world, call, options);
  switch (verb) {
    case "restart":
    case "start":
    case "stop":
    case "up":
      return change(world, project, verb, others);
    case "ps":
      return { stdout: list(project, others) };
    case "logs":
      return { stdout: logs(project, others) };
    case "config":
      return { stdout: world.containers.map(({ service }) => `${service}\n`).join("") };
    default:
      throw new Refusal(`unknown docker command: "compose ${verb}"`);
  }
}

/** The containers of the project that the call is about. */
function services(world: World, call: Call, options: Readonly<Record<string, string>>): Seen[] {
  const here = (path: string): string =>
    path.startsWith("/opt/") ? join(world.root, path) : resolve(call.cwd, path);
  const ours = join(world.root, "opt/immich");
  if (options["project-name"] !== undefined && options["file"] === undefined) {
    return options["project-name"] === PROJECT ? visible(world) : [];
  }
  const file =
    options["file"] === undefined
      ? search(here(options["project-directory"] ?? "."))
      : here(options["file"]);
  if (file === undefined) throw new Refusal("no configuration file provided: not found");
  if (!existsSync(file)) throw new Refusal(`open ${file}: no such file or directory`);
  return dirname(file) === ours ? visible(world) : [];
}

/** As Compose looks for its file: here, then further up. */
function search(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const name = FILES.find((candidate) => existsSync(join(folder, candidate)));
    if (name !== undefined) return join(folder, name);
    if (folder === dirname(folder)) return undefined;
  }
}

/** Those of the project that are named; all when none is. */
function named(project: readonly Seen[], words: readonly string[]): Seen[] {
  if (words.length === 0) return [...project];
  return words.map((word) => {
    const seen = project.find(({ container }) => container.service === word);
    if (seen === undefined) throw new Refusal(`no such service: ${word}`);
    return seen;
  });
}

async function change(
  world: World,
  project: readonly Seen[],
  verb: "restart" | "start" | "stop" | "up",
  args: readonly string[],
): Promise<Output> {
  const { options, words } = parse(args, {
    values: [["--timeout", "-t"], ["--pull"], ["--wait-timeout"]],
    switches: [["--detach", "-d"], ["--no-deps"], ["--force-recreate"], ["--wait"]],
  });
  const report: string[] = [];
  for (const seen of named(project, words)) {
    const row = (what: string): number => report.push(` Container ${seen.name}  ${what}\n`);
    if (verb === "restart" || verb === "stop") {
      row(verb === "restart" ? "Restarting" : "Stopping");
      await act(world, seen, verb);
      row(verb === "restart" ? "Started" : "Stopped");
    } else if (seen.state.status === "running" && options["force-recreate"] === undefined) {
      row("Running");
    } else {
      row("Starting");
      await act(world, seen, seen.state.status === "running" ? "restart" : "start");
      row("Started");
    }
  }
  return { stderr: report.join("") };
}

function list(project: readonly Seen[], args: readonly string[]): string {
  const { options, words } = parse(args, {
    switches: [["--all", "-a"], ["--quiet", "-q"], ["--services"], ["--no-trunc"]],
    values: [["--format"], ["--status"], ["--filter"]],
  });
  const seen = named(project, words).filter(
    (one) => options["all"] !== undefined || one.state.status === "running",
  );
  if (options["quiet"] !== undefined) return seen.map((one) => `${one.id}\n`).join("");
  if (options["services"] !== undefined) {
    return seen.map((one) => `${one.container.service}\n`).join("");
  }
  if (options["format"] === "json") return seen.map((one) => `${goJson(row(one))}\n`).join("");
  return table([
    ["NAME", "IMAGE", "SERVICE", "STATUS", "PORTS"],
    ...seen.map((one) => [
      one.name,
      one.container.image,
      one.container.service,
      statusText(one),
      `${one.container.port}/tcp`,
    ]),
  ]);
}

function row(seen: Seen): Record<string, unknown> {
  return {
    ExitCode: seen.state.exitCode,
    Health: seen.state.health ?? "",
    ID: seen.id.slice(0, 12),
    Image: seen.container.image,
    Name: seen.name,
    Project: PROJECT,
    Service: seen.container.service,
    State: seen.state.status,
    Status: statusText(seen),
  };
}

function logs(project: readonly Seen[], args: readonly string[]): string {
  const { options, words } = parse(args, {
    values: [["--tail", "-n"], ["--since"], ["--until"]],
    switches: [["--no-color"], ["--no-log-prefix"], ["--timestamps", "-t"]],
  });
  const seen = named(project, words);
  const width = Math.max(...seen.map((one) => one.name.length), 0);
  return seen
    .flatMap((one) => {
      const prefix = options["no-log-prefix"] === undefined ? `${one.name.padEnd(width)}  | ` : "";
      return chosen(one.container.logs(), options).map((line) => `${prefix}${line}\n`);
    })
    .join("");
}

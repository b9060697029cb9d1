/** Compose, as Docker has it: `restart|up|start|stop|ps|logs|config` of the project that a call is about. */
import { parse, UnknownOption } from "./arguments";
import { projectOf, type Seen } from "./container";
import { act } from "./lifecycle";
import { chosen, statusText, table } from "./output";
import { findProject, type Project } from "./project";
import { podmanCompose, podmanNotice } from "./podmanCompose";
import { goJson } from "./template";
import { type Answer, type Call, Refusal, type World } from "./world";

type Output = Partial<Pick<Answer, "stdout" | "stderr">>;

/** Does what a `compose` command says. */
export async function compose(world: World, call: Call, args: readonly string[]): Promise<Output> {
  const byPodman = call.program === "podman" && world.policies.compose === "podman-compose";
  const notice =
    call.program === "podman" && call.standalone !== true
      ? podmanNotice(byPodman ? "podman-compose" : "docker-compose")
      : "";
  const warnings = byPodman ? "" : world.policies.warnings.map((line) => `${line}\n`).join("");
  try {
    const { stdout = "", stderr = "" } = byPodman
      ? await podmanCompose(world, call, args)
      : await dockerCompose(world, call, args);
    return { stdout, stderr: `${notice}${warnings}${stderr}` };
  } catch (error) {
    if (error instanceof UnknownOption) throw new Refusal(`${notice}${error.message}`);
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(`${notice}${warnings}${error.message}`, error.code, error.stdout);
  }
}

async function dockerCompose(world: World, call: Call, args: readonly string[]): Promise<Output> {
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
  if (verb === "version") return { stdout: "Docker Compose version v2.40.3\n" };
  const project = findProject(world, call, options, () => {
    const code = world.policies.dockerVersion === "26.1" ? 14 : 1;
    return new Refusal("no configuration file provided: not found", code);
  });
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
      return { stdout: project.services.map((service) => `${service}\n`).join("") };
    default:
      throw new Refusal(`unknown docker command: "compose ${verb}"`);
  }
}

/** Those of the project that are named, all when none is; none of a service that has no container. */
function named({ containers, services }: Project, words: readonly string[]): Seen[] {
  const unknown = words.find((word) => !services.includes(word));
  if (unknown !== undefined) throw new Refusal(`no such service: ${unknown}`);
  return containers.filter(
    ({ container }) => words.length === 0 || words.includes(container.service),
  );
}

async function change(
  world: World,
  project: Project,
  verb: "restart" | "start" | "stop" | "up",
  args: readonly string[],
): Promise<Output> {
  const { options, words } = parse(args, {
    values: [["--timeout", "-t"], ["--pull"], ["--wait-timeout"]],
    switches: [["--detach", "-d"], ["--no-deps"], ["--force-recreate"], ["--wait"]],
  });
  const report: string[] = [];
  // What was made by `compose run` is listed by ps, and left alone by everything else.
  for (const seen of named(project, words).filter(({ disguise }) => !disguise.oneoff)) {
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

function list(project: Project, args: readonly string[]): string {
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
    Project: projectOf(seen),
    Service: seen.container.service,
    State: seen.state.status,
    Status: statusText(seen),
  };
}

function logs(project: Project, args: readonly string[]): string {
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

/** podman-compose 1.3, which podman calls where it is installed; it knows fewer options than Docker's Compose. */
import { parse, UnknownOption } from "./arguments";
import { act } from "./lifecycle";
import { chosen } from "./output";
import { findProject } from "./project";
import { type Answer, type Call, Refusal, type World } from "./world";

type Output = Partial<Pick<Answer, "stdout" | "stderr">>;

/** What podman says on stderr each time it calls a Compose, colours included. */
export function podmanNotice(provider: string): string {
  return `\u001b[4m>>>> Executing external compose provider "/usr/bin/${provider}". Please see podman-compose(1) for how to disable this message. <<<<\n\n\u001b[0m`;
}

const USAGE = `usage: podman-compose [-h] [-v] [--in-pod in_pod] [--pod-args pod_args]
                      [--env-file env_file] [-f file] [--profile profile]
                      [-p PROJECT_NAME] [--podman-path PODMAN_PATH]
                      {help,version,wait,systemd,pull,push,build,up,down,ps,run,exec,start,stop,restart,logs,config,port,pause,unpause,kill,stats,images} ...`;

/** Does what a `podman-compose` command says. */
export async function podmanCompose(
  world: World,
  call: Call,
  args: readonly string[],
): Promise<Output> {
  const failed = (code: number): string =>
    call.standalone
      ? ""
      : `\nError: executing /usr/bin/podman-compose ${args.join(" ")}: exit status ${code}`;
  const refuse = (words: string, code: number): Refusal =>
    new Refusal(`${words}${failed(code)}`, code);
  const usage = (extra: string): Refusal =>
    refuse(`${USAGE}\npodman-compose: error: unrecognized arguments: ${extra}`, 2);

  const { options, words } = parse(
    args,
    { values: [["--file", "-f"], ["--project-name", "-p"], ["--env-file"]] },
    true,
  );
  const [verb = "", ...others] = words;
  if (verb === "version") return { stdout: "podman-compose version 1.3.0\n" };
  const project = findProject(world, call, options, () =>
    refuse(
      "CRITICAL:podman_compose:no compose.yaml, docker-compose.yml or container-compose.yml file found, pass files with -f",
      255,
    ),
  );
  const known = (wanted: readonly string[]): readonly string[] => {
    const missing = wanted.filter((one) => !project.services.includes(one));
    if (missing.length > 0) {
      throw refuse(`WARNING:podman_compose:missing services [${missing.join(",")}]`, 1);
    }
    return wanted;
  };
  /** Those that `up` made: it goes by their names, which end in a number or stand in the file. */
  const own = (service: string) =>
    project.containers.filter(
      ({ container, disguise }) => container.service === service && !disguise.oneoff,
    );
  try {
    if (verb === "ps") {
      const { options, words } = parse(others, {
        switches: [["--quiet", "-q"]],
        values: [["--format"]],
      });
      if (words.length > 0) throw usage(words.join(" "));
      const column = options["quiet"] === undefined ? "name" : "id";
      return { stdout: project.containers.map((one) => `${one[column].slice(0, 12)}\n`).join("") };
    }
    if (verb === "config") {
      const { options } = parse(others, { switches: [["--services"]] });
      const list = project.services.map((one) => `${one}\n`).join("");
      return { stdout: options["services"] === undefined ? `services:\n${list}` : list };
    }
    if (verb === "logs") {
      const { options, words } = parse(others, { values: [["--tail"], ["--since"]] });
      const lines = known(words)
        .flatMap(own)
        .flatMap(({ container }) => container.logs());
      return { stdout: chosen(lines, options).join("\n") };
    }
    if (verb === "restart" || verb === "start" || verb === "stop") {
      const { words } = parse(others, { values: [["--timeout", "-t"]] });
      let stdout = "";
      let stderr = "";
      for (const service of known(words)) {
        const containers = own(service);
        if (containers.length === 0) {
          const name = world.containers.find((one) => one.service === service)?.name ?? service;
          stderr += `Error: no container with name or ID "${name}" found: no such container\n`;
        }
        for (const seen of containers) {
          await act(world, seen, verb);
          stdout += `${seen.name}\n`;
        }
      }
      return { stdout, stderr };
    }
  } catch (error) {
    // Python's argparse names all that it doesn't know at once.
    if (error instanceof UnknownOption) throw usage(others.filter((one) => one !== "-q").join(" "));
    throw error;
  }
  throw refuse(`${USAGE}\npodman-compose: error: invalid choice: '${verb}'`, 2);
}

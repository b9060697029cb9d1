/** `docker inspect`, `ps`, `logs`, `start`, `stop`, `restart`, in Docker's own words. */
import { join } from "node:path";
import { parse, UnknownOption } from "./arguments";
import { compose } from "./compose";
import { type Describer, inspection, type Seen } from "./container";
import { act } from "./lifecycle";
import { chosen, statusText, table } from "./output";
import { goJson, render, TemplateError } from "./template";
import { type Answer, type Call, find, Refusal, visible, type World } from "./world";

/** Does what a command says. Never throws: a refusal is an answer too. */
export async function answer(world: World, call: Call): Promise<Answer> {
  try {
    const { stdout = "", stderr = "" } = await perform(world, call);
    return { code: 0, stdout, stderr };
  } catch (error) {
    if (error instanceof Refusal) {
      return { code: error.code, stdout: error.stdout, stderr: `${error.message}\n` };
    }
    if (error instanceof TemplateError) {
      return { code: error.code, stdout: "", stderr: `${error.message}\n` };
    }
    if (error instanceof UnknownOption) {
      return { code: 125, stdout: "", stderr: `${error.message}\n` };
    }
    return { code: 1, stdout: "", stderr: `Error response from daemon: ${String(error)}\n` };
  }
}

type Output = Partial<Pick<Answer, "stdout" | "stderr">>;

async function perform(world: World, call: Call): Promise<Output> {
  if (!world.policies.programs.includes(call.program)) {
    throw notFound(call, call.program);
  }
  if (call.standalone) {
    const installed =
      call.program === "docker" ? ["plugin", "standalone"] : ["podman-compose", "plugin"];
    if (!installed.includes(world.policies.compose)) {
      throw notFound(call, `${call.program}-compose`);
    }
    if (call.program === "docker") allowed(world, call);
    return compose(world, call, call.args);
  }
  const { options, words } = parse(
    call.args,
    {
      switches: [["--version", "-v"]],
      values: [
        ["--host", "-H"],
        ["--context", "-c"],
      ],
    },
    true,
  );
  const [first = "", ...others] = words[0] === "container" ? words.slice(1) : words;
  if (options["version"] !== undefined) return { stdout: version(world, call.program) };
  allowed(world, call);
  switch (first) {
    case "compose":
      if (!hasCompose(world, call)) throw noCompose(world, call);
      return compose(world, call, others);
    case "inspect":
      return { stdout: inspect(world, call, others) };
    case "network":
      return { stdout: networks(world, call, others) };
    case "ps":
    case "ls":
      return { stdout: list(world, call, others) };
    case "logs":
      return { stdout: logs(world, call, others) };
    case "start":
    case "stop":
    case "restart":
      return { stdout: await change(world, call, first, others) };
    case "version":
    case "info":
      return { stdout: version(world, call.program) };
    default:
      throw new Refusal(
        `${call.program}: '${first}' is not something the sandbox's ${call.program} can do: it knows inspect, ps, logs, start, stop, restart and compose.`,
      );
  }
}

function notFound({ sudo }: Call, program: string): Refusal {
  return sudo
    ? new Refusal(`sudo: ${program}: command not found`)
    : new Refusal(`sh: 1: ${program}: not found`, 127);
}

/** Docker's Compose is a plugin; podman's a command of its own, which podman calls since 4.7. */
function hasCompose({ policies }: World, { program }: Call): boolean {
  if (program === "docker") return policies.compose === "plugin";
  return policies.podmanVersion !== "4.3" && /plugin|podman-compose/.test(policies.compose);
}

function noCompose({ policies }: World, { program }: Call): Refusal {
  if (program === "podman") {
    return policies.podmanVersion === "4.3"
      ? new Refusal(
          "Error: unrecognized command `podman compose`\nTry 'podman --help' for more information",
          125,
        )
      : new Refusal("Error: looking up compose provider failed", 125);
  }
  return new Refusal(
    policies.dockerVersion === "20.10"
      ? "docker: 'compose' is not a docker command.\nSee 'docker --help'"
      : "docker: unknown command: docker compose\n\nRun 'docker --help' for more information",
  );
}

function version({ policies }: World, program: string): string {
  return program === "docker"
    ? `Docker version ${policies.dockerVersion}.2, build e6534b4\n`
    : `podman version ${policies.podmanVersion}.2\n`;
}

/** Refuses as the socket does: the daemon is away, or the user isn't in its group. */
function allowed(world: World, call: Call): void {
  if (call.program === "podman") return;
  const socket = "unix:///var/run/docker.sock";
  if (!world.policies.daemon) {
    throw new Refusal(
      `Cannot connect to the Docker daemon at ${socket}. Is the docker daemon running?`,
    );
  }
  if (!world.policies.group && !call.sudo) {
    throw new Refusal(
      `permission denied while trying to connect to the Docker daemon socket at ${socket}: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.48/containers/json": dial unix /var/run/docker.sock: connect: permission denied`,
    );
  }
}

function inspect(world: World, call: Call, args: readonly string[]): string {
  const { options, words } = parse(args, {
    values: [["--format", "-f"], ["--type"]],
    switches: [["--size", "-s"]],
  });
  if (words.length === 0) throw new Refusal(`"docker inspect" requires at least 1 argument.`);
  const found: Record<string, unknown>[] = [];
  const missing: string[] = [];
  for (const word of words) {
    const seen = find(world, call, word);
    if (seen === undefined) missing.push(word);
    else found.push(inspection(seen, describer(world, call)));
  }
  const format = options["format"];
  const stdout =
    format === undefined
      ? `${JSON.stringify(found, null, 4)}\n`
      : found
          .map((one) => `${format === "json" ? goJson([one]) : render(format, one)}\n`)
          .join("") || "\n";
  if (missing.length > 0)
    throw nothingFound(world, call, options["type"] === "container", missing, stdout);
  return stdout;
}

function describer({ policies, root }: World, { program }: Call): Describer {
  return { program, podmanVersion: policies.podmanVersion, opt: join(root, "opt") };
}

/** `docker network inspect`: each network's driver. */
function networks(world: World, call: Call, args: readonly string[]): string {
  const { options, words } = parse(args, { values: [["--format", "-f"]] });
  const [verb, ...names] = words;
  if (verb !== "inspect") throw new Refusal(`unknown command: docker network ${verb ?? ""}`);
  const driver = (name: string): string =>
    visible(world, call).find(({ disguise }) => name in (disguise.networks ?? {}))?.disguise
      .driver ?? "bridge";
  return names
    .map(
      (name) =>
        `${render(options["format"] ?? "{{json .}}", { Driver: driver(name), Name: name })}\n`,
    )
    .join("");
}

/** The words differ by engine and version. */
function nothingFound(
  { policies }: World,
  call: Call,
  typed: boolean,
  missing: readonly string[],
  stdout: string,
): Refusal {
  const rows = missing.map((word) => {
    if (call.program === "podman") {
      if (word === "") return "Error: name or ID cannot be empty";
      return typed ? `Error: no such container ${word}` : `Error: no such object: "${word}"`;
    }
    if (word === "" && policies.dockerVersion === "28.5") {
      return "invalid container name or ID: value is empty";
    }
    if (!typed) return `Error: No such object: ${word}`;
    return policies.dockerVersion === "20.10"
      ? `Error: No such container: ${word}`
      : `Error response from daemon: No such container: ${word}`;
  });
  return new Refusal(rows.join("\n"), call.program === "podman" ? 125 : 1, stdout);
}

function list(world: World, call: Call, args: readonly string[]): string {
  const { options } = parse(args, {
    switches: [["--all", "-a"], ["--quiet", "-q"], ["--no-trunc"]],
    values: [["--format"], ["--filter", "-f"]],
  });
  const named = /^name=(.*)$/.exec(options["filter"] ?? "")?.[1];
  const service = /^label=com\.docker\.compose\.service=(.*)$/.exec(options["filter"] ?? "")?.[1];
  const seen = visible(world, call)
    .filter((one) => options["all"] !== undefined || one.state.status === "running")
    .filter((one) => named === undefined || new RegExp(named).test(one.name))
    .filter((one) => service === undefined || one.container.service === service);
  const id = (one: Seen): string => (options["no-trunc"] ? one.id : one.id.slice(0, 12));
  if (options["quiet"] !== undefined) return seen.map((one) => `${id(one)}\n`).join("");
  const rows = seen.map((one) => ({
    ID: id(one),
    Image: one.container.image,
    Names: one.name,
    State: one.state.status,
    Status: statusText(one),
    Ports: `${one.container.port}/tcp`,
  }));
  const format = options["format"];
  if (format === "json") return rows.map((row) => `${goJson(row)}\n`).join("");
  if (format !== undefined && !format.startsWith("table")) {
    return rows.map((row) => `${render(format, row)}\n`).join("");
  }
  return table([
    ["CONTAINER ID", "IMAGE", "STATUS", "PORTS", "NAMES"],
    ...rows.map((row) => [row.ID, row.Image, row.Status, row.Ports, row.Names]),
  ]);
}

function logs(world: World, call: Call, args: readonly string[]): string {
  const { options, words } = parse(args, {
    values: [["--tail", "-n"], ["--since"], ["--until"]],
    switches: [["--timestamps", "-t"], ["--details"]],
  });
  const word = words[0] ?? "";
  const seen = find(world, call, word);
  if (seen === undefined) {
    throw new Refusal(`Error response from daemon: No such container: ${word}`);
  }
  return chosen(seen.container.logs(), options)
    .map((line) => `${line}\n`)
    .join("");
}

async function change(
  world: World,
  call: Call,
  verb: "start" | "stop" | "restart",
  args: readonly string[],
): Promise<string> {
  const { words } = parse(args, {
    values: [
      ["--time", "--timeout", "-t"],
      ["--signal", "-s"],
    ],
  });
  const done: string[] = [];
  for (const word of words) {
    const seen = find(world, call, word);
    if (seen === undefined) {
      throw new Refusal(`Error response from daemon: No such container: ${word}`, 1, done.join(""));
    }
    await act(world, seen, verb);
    done.push(`${word}\n`);
  }
  return done.join("");
}

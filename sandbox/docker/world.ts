/** What the sandbox's `docker` knows, and how it is told to be different for tests. */
import { type Container, type Disguise, see, type Seen } from "./container";

/** The programs that there can be. */
export type Program = "docker" | "podman";

/** How Docker on this machine is; changed at run time. */
export interface DockerPolicies {
  /** The programs that are installed. Default docker only. */
  readonly programs: readonly Program[];
  /** Whether the user is in the group `docker`. Default true. */
  readonly group: boolean;
  /** Whether `sudo -n` works without a password. Default true. */
  readonly sudo: boolean;
  /** Whether the daemon runs. Default true. */
  readonly daemon: boolean;
  /** `fails`: a restart ends with an error of the daemon, and nothing is restarted. Default `works`. */
  readonly restart: "works" | "fails";
  /** Containers, by the name in the compose file, that are shown to be other than they are. */
  readonly disguises: Readonly<Record<string, Disguise>>;
}

/** Docker as one expects it. */
export const usualDocker: DockerPolicies = {
  programs: ["docker"],
  group: true,
  sudo: true,
  daemon: true,
  restart: "works",
  disguises: {},
};

/** The containers of this machine. */
export interface World {
  readonly containers: readonly Container[];
  /** The folder that stands for the machine's root: it has `opt/immich` with the compose file. */
  readonly root: string;
  policies: DockerPolicies;
}

/** A command as the user typed it. */
export interface Call {
  readonly program: Program;
  readonly args: readonly string[];
  /** The directory it was typed in. */
  readonly cwd: string;
  /** Behind `sudo -n`. */
  readonly sudo: boolean;
}

/** What a command came to. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that fails: Docker's own words, and its exit code. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly code = 1,
    /** What it prints on stdout before it fails. */
    readonly stdout = "",
  ) {
    super(message);
  }
}

/** All containers that can be seen. */
export function visible(world: World): Seen[] {
  return world.containers
    .map((container) => see(container, world.policies.disguises[container.name]))
    .filter((seen) => seen !== undefined);
}

/** The container of that name or (the beginning of an) id. */
export function find(world: World, word: string): Seen | undefined {
  const name = word.replace(/^\//, "");
  const all = visible(world);
  return (
    all.find((seen) => seen.name === name) ??
    all.find((seen) => name.length >= 4 && seen.id.startsWith(name))
  );
}

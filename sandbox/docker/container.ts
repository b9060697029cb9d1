/** What a container of the sandbox is, and how `docker inspect` describes it. */
import { createHash } from "node:crypto";

/** A line of a container's log. */
export interface LogLine {
  readonly at: Date;
  readonly text: string;
}

/** Health as Docker tells it. */
export type Health = "starting" | "healthy" | "unhealthy";

/** A process of the sandbox, seen as a container. */
export interface Container {
  /** Name given in the compose file, `immich_server` for one. */
  readonly name: string;
  /** Service in the compose file, `immich-server` for one. */
  readonly service: string;
  readonly image: string;
  /** `KEY=value`, as in `Config.Env`. */
  environment(): readonly string[];
  /** Port that it listens on in its network. */
  readonly port: number;
  state(): ContainerState;
  logs(): readonly LogLine[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** How a container is. */
export interface ContainerState {
  readonly status: "running" | "exited" | "restarting" | "paused" | "created";
  /** Process id, 0 when it doesn't run. */
  readonly pid: number;
  readonly startedAt: Date;
  readonly finishedAt?: Date;
  readonly exitCode: number;
  /** How often Docker's restart policy had to start it again. */
  readonly restartCount: number;
  /** Absent when the image has no health check. */
  readonly health?: Health;
}

/** How a container is shown to be other than it is, for tests. */
export interface Disguise {
  /** There is no such container. */
  readonly missing?: boolean;
  /** Another name. */
  readonly name?: string;
  readonly status?: ContainerState["status"];
  /** Health, or null for an image without a health check. */
  readonly health?: Health | null;
  /** Networks with the container's address in each. Default: `immich_default` at 127.0.0.1. */
  readonly networks?: Readonly<Record<string, string>>;
  /** `HostConfig.NetworkMode`; "host" leaves the container without an address of its own. */
  readonly networkMode?: string;
  /** Compose project that it belongs to. Default `immich`. */
  readonly project?: string;
  /** Directory of that project. Default `/opt/immich`. */
  readonly directory?: string;
  /** It was made by `compose run`. Default false. */
  readonly oneoff?: boolean;
  /** Seconds between its health checks. Default: none given, which means 30. */
  readonly healthInterval?: number;
  /** Driver of its networks. Default `bridge`. */
  readonly driver?: string;
  /** Addresses of the machine that the port is published at. */
  readonly published?: readonly { readonly host: string; readonly port: number }[];
}

/** Go's zero time. */
const NEVER = "0001-01-01T00:00:00Z";

/** A time of an engine. Docker's is text; podman's is Go's own, printed in the machine's time zone, here Berlin's in winter. */
export class GoTime {
  constructor(
    private readonly date: Date | undefined,
    private readonly program: "docker" | "podman",
  ) {}

  toJSON(): string {
    if (this.date === undefined) return NEVER;
    if (this.program === "docker") return this.date.toISOString().replace("Z", "456789Z");
    return this.local().replace("Z", "456789+01:00");
  }

  toString(): string {
    if (this.program === "docker") return this.toJSON();
    if (this.date === undefined) return "0001-01-01 00:00:00 +0000 UTC";
    return this.local().replace("T", " ").replace("Z", "456789 +0100 CET");
  }

  private local(): string {
    return new Date((this.date?.getTime() ?? 0) + 3_600_000).toISOString();
  }
}

/** Project name that Compose derives from the folder `/opt/immich`. */
export const PROJECT = "immich";

/** A container as one line of Docker's memory: itself, with its disguise over it. */
export interface Seen {
  readonly container: Container;
  readonly disguise: Disguise;
  readonly name: string;
  readonly id: string;
  readonly state: ContainerState;
}

/** Puts the disguise over a container; `undefined` where it says that there is none. */
export function see(container: Container, disguise: Disguise = {}): Seen | undefined {
  if (disguise.missing === true) return undefined;
  const real = container.state();
  const status = disguise.status ?? real.status;
  const health = disguise.health === undefined ? real.health : (disguise.health ?? undefined);
  return {
    container,
    disguise,
    name: disguise.name ?? container.name,
    id: createHash("sha256").update(container.name).digest("hex"),
    state: {
      startedAt: real.startedAt,
      exitCode: real.exitCode,
      restartCount: real.restartCount,
      ...(real.finishedAt === undefined ? {} : { finishedAt: real.finishedAt }),
      status,
      pid: status === "running" || status === "paused" ? real.pid : 0,
      ...(health === undefined ? {} : { health }),
    },
  };
}

/** Which engine describes a container. */
export interface Describer {
  readonly program: "docker" | "podman";
  readonly podmanVersion: "4.3" | "5.4";
  /** `/opt` as the machine has it. */
  readonly opt: string;
}

/** What `docker inspect` prints of it. */
export function inspection(seen: Seen, by: Describer): Record<string, unknown> {
  const { container, disguise, id, state, name } = seen;
  const time = (date: Date | undefined): GoTime => new GoTime(date, by.program);
  const mode = disguise.networkMode ?? `${PROJECT}_default`;
  return {
    Id: id,
    Created: time(state.startedAt),
    Path: "tini",
    Args: [],
    State: {
      Status: state.status,
      // Docker says so of one that is about to be started again, too.
      Running:
        state.status === "running" ||
        state.status === "paused" ||
        (state.status === "restarting" && by.program === "docker"),
      Paused: state.status === "paused",
      Restarting: state.status === "restarting",
      OOMKilled: false,
      Dead: false,
      Pid: state.pid,
      ExitCode: state.exitCode,
      Error: "",
      StartedAt: time(state.status === "created" ? undefined : state.startedAt),
      FinishedAt: time(state.finishedAt),
      ...healthOf(seen, by),
    },
    Image: `sha256:${createHash("sha256").update(container.image).digest("hex")}`,
    Name: by.program === "docker" ? `/${name}` : name,
    RestartCount: state.restartCount,
    HostConfig: {
      NetworkMode: mode,
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
    },
    Config: {
      Hostname: id.slice(0, 12),
      Env: container.environment(),
      Image: container.image,
      ...(state.health === undefined
        ? {}
        : {
            Healthcheck: {
              Test: ["CMD-SHELL", "immich-healthcheck"],
              ...(disguise.healthInterval === undefined
                ? {}
                : { Interval: disguise.healthInterval * 1_000_000_000 }),
            },
          }),
      Labels: {
        // podman-compose has no such label: what it runs once has a name of its own.
        ...(by.program === "docker"
          ? { "com.docker.compose.oneoff": disguise.oneoff ? "True" : "False" }
          : {}),
        "com.docker.compose.project": projectOf(seen),
        "com.docker.compose.project.working_dir": (disguise.directory ?? "/opt/immich").replace(
          /^\/opt/,
          by.opt,
        ),
        "com.docker.compose.service": container.service,
      },
    },
    NetworkSettings: networkSettings(seen, mode),
  };
}

/** The Compose project that a container says it belongs to. */
export function projectOf({ disguise }: Seen): string {
  return disguise.project ?? PROJECT;
}

/** Docker tells nothing where there is no health check, podman 4.3 an empty word; podman keeps the word of one that ended. */
function healthOf({ state }: Seen, { program, podmanVersion }: Describer): { Health?: object } {
  const ended = state.status === "exited" || state.status === "restarting";
  const status =
    state.health === undefined || state.status === "created"
      ? program === "podman" && podmanVersion === "4.3"
        ? ""
        : undefined
      : ended
        ? program === "podman"
          ? "healthy"
          : "unhealthy"
        : state.health;
  if (status === undefined) return {};
  return { Health: { Status: status, FailingStreak: status === "unhealthy" ? 3 : 0, Log: [] } };
}

function networkSettings({ container, disguise, state }: Seen, mode: string) {
  const up = state.status === "running" || state.status === "paused";
  const given =
    disguise.networks ?? (mode === "host" ? { host: "" } : { [`${PROJECT}_default`]: "127.0.0.1" });
  const networks = Object.entries(given).map(([network, address]) => [
    network,
    {
      Aliases: [container.name, container.service],
      NetworkID: createHash("sha256").update(network).digest("hex"),
      Gateway: up && address !== "" ? "127.0.0.1" : "",
      IPAddress: up ? address : "",
      IPPrefixLen: up && address !== "" ? 8 : 0,
      GlobalIPv6Address: "",
    },
  ]);
  const published = disguise.published?.map((at) => ({
    HostIp: at.host,
    HostPort: String(at.port),
  }));
  return {
    IPAddress: "",
    Ports: mode === "host" || !up ? {} : { [`${container.port}/tcp`]: published ?? null },
    Networks: Object.fromEntries(networks),
  };
}

/** The sandbox's processes as the containers of an Immich installation. */
import { get } from "node:http";
import type { Container, ContainerState, Health } from "../docker/container";
import type { Postgres } from "../postgres";
import type { Part } from "./part";

/** Docker's restart policy `always`: how long it waits before the first new attempt, doubled each time. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** How often the health check asks; Immich's image asks every 30 s, in its first minute every 5 s. */
const HEALTH_PAUSE = 200;
/** Failed health checks in a row that make a container unhealthy. */
const UNHEALTHY_AFTER = 25;

/** `immich_server`: a real process, restarted for real, healthy when it answers a ping. */
export class ImmichContainer implements Container {
  readonly name = "immich_server";
  readonly service = "immich-server";
  readonly port = 2283;
  private health: Health = "starting";
  private failures = 0;
  private wanted = false;
  private crashes = 0;
  private ready: Promise<void> = Promise.resolve();
  private timers = new Set<NodeJS.Timeout>();

  /** @param version Immich's version, read at each look. */
  constructor(
    private readonly part: Part,
    private readonly version: () => string,
    private readonly configFile: () => string | undefined,
  ) {
    part.onCrash = () => this.crashed();
  }

  get image(): string {
    return `ghcr.io/immich-app/immich-server:v${this.version()}`;
  }

  environment(): string[] {
    const configFile = this.configFile();
    return [
      "DB_HOSTNAME=database",
      "DB_USERNAME=postgres",
      "DB_DATABASE_NAME=immich",
      "REDIS_HOSTNAME=redis",
      ...(configFile === undefined ? [] : [`IMMICH_CONFIG_FILE=${configFile}`]),
    ];
  }

  state(): ContainerState {
    const running = this.part.pid !== 0;
    const { finishedAt } = this.part;
    return {
      status: running ? "running" : this.wanted ? "restarting" : "exited",
      pid: this.part.pid,
      startedAt: this.part.startedAt,
      ...(finishedAt === undefined ? {} : { finishedAt }),
      exitCode: running ? 0 : this.part.exitCode,
      restartCount: this.crashes,
      health: this.health,
    };
  }

  logs(): ReturnType<Container["logs"]> {
    return this.part.logs();
  }

  /** As `docker start`: doesn't wait until it answers. */
  async start(): Promise<void> {
    this.crashes = 0;
    this.launch();
  }

  async stop(): Promise<void> {
    this.wanted = false;
    this.timers.forEach(clearTimeout);
    this.timers.clear();
    await this.part.stop();
    this.health = "unhealthy";
  }

  /** Resolves when the process that was started last answers. @throws Error with its last words. */
  async answers(): Promise<void> {
    await this.ready;
    await this.check();
  }

  private launch(): void {
    this.wanted = true;
    this.health = "starting";
    this.failures = 0;
    this.ready = this.part.start();
    // A crash is Docker's to deal with; who waits for `answers` learns of it there.
    this.ready.catch(() => undefined);
    this.later(HEALTH_PAUSE, () => void this.keepChecking());
  }

  private crashed(): void {
    this.health = "starting";
    if (!this.wanted) return;
    this.crashes += 1;
    const pause = Math.min(FIRST_PAUSE * 2 ** (this.crashes - 1), LONGEST_PAUSE);
    this.later(pause, () => this.launch());
  }

  private later(milliseconds: number, what: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (this.wanted) what();
    }, milliseconds);
    this.timers.add(timer);
  }

  private async keepChecking(): Promise<void> {
    if (this.part.pid === 0) return;
    await this.check();
    if (this.health !== "healthy") this.later(HEALTH_PAUSE, () => void this.keepChecking());
  }

  private async check(): Promise<void> {
    if (this.part.port !== 0 && (await answersPing(this.part.port))) {
      this.health = "healthy";
      this.failures = 0;
    } else {
      this.failures += 1;
      if (this.failures >= UNHEALTHY_AFTER) this.health = "unhealthy";
    }
  }
}

/** As the image's own health check: /api/server/ping, before 1.107 /api/server-info/ping. */
async function answersPing(port: number): Promise<boolean> {
  const paths = ["/api/server/ping", "/api/server-info/ping"];
  const answers = await Promise.all(
    paths.map(
      (path) =>
        new Promise<boolean>((done) => {
          const request = get({ host: "127.0.0.1", port, path, timeout: 1000 }, (response) => {
            response.resume();
            done(response.statusCode === 200);
          });
          request.on("error", () => done(false));
          request.on("timeout", () => request.destroy());
        }),
    ),
  );
  return answers.includes(true);
}

/** `immich_postgres`. Its address is loopback, its port the one of the sandbox's PostgreSQL. */
export function postgresContainer(postgres: Postgres): Container {
  let finishedAt: Date | undefined;
  return {
    name: "immich_postgres",
    service: "database",
    image: "ghcr.io/immich-app/postgres:14-vectorchord0.4.3-pgvectors0.2.0",
    port: postgres.port,
    environment: () => [
      `POSTGRES_USER=${postgres.user}`,
      `POSTGRES_DB=${postgres.database}`,
      "POSTGRES_INITDB_ARGS=--data-checksums",
    ],
    state: () => ({
      status: postgres.pid === 0 ? "exited" : "running",
      pid: postgres.pid,
      startedAt: postgres.startedAt,
      ...(finishedAt === undefined ? {} : { finishedAt }),
      exitCode: 0,
      restartCount: 0,
      health: postgres.pid === 0 ? "unhealthy" : "healthy",
    }),
    logs: () => postgres.logs().map((text) => ({ at: postgres.startedAt, text })),
    start: () => postgres.startAgain(),
    stop: async () => {
      await postgres.shutDown();
      finishedAt = new Date();
    },
  };
}

/** A container that only is in the list, as `immich_redis` and `immich_machine_learning` are. */
export function bystander(name: string, service: string, image: string, port: number): Container {
  let startedAt = new Date();
  return {
    name,
    service,
    image,
    port,
    environment: () => [],
    state: () => ({
      status: "running",
      pid: process.pid,
      startedAt,
      exitCode: 0,
      restartCount: 0,
      health: "healthy",
    }),
    logs: () => [],
    start: async () => {
      startedAt = new Date();
    },
    stop: async () => undefined,
  };
}

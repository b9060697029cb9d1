// The way to PostgreSQL in its container, and what happens when it goes away.
import assert from "node:assert/strict";

import { openDatabase } from "../../immich/database";
import { openContainerPort } from "../../ssh/container";
import { SshError } from "../../ssh/errors";
import { clear, type Engine, ENGINES, freshProject, PASSWORD } from "./engines";

import { type Homelab, IMAGE } from "./homelab";
import { over, says, type State } from "./expect";

const login = { database: "postgres", user: "postgres", password: PASSWORD, where: "lab" };

export function networkStates(): State[] {
  const [docker] = ENGINES as [Engine, ...Engine[]];
  return [
    ...ENGINES.filter(({ name }) => name !== "Docker by sudo").map(databaseState),
    {
      name: "Docker: a published port on which nothing listens is noticed at once",
      check: async (homelab) => {
        clear(homelab, docker);
        homelab.must(`docker run -d --name idle -p 127.0.0.1:25432:5432 ${IMAGE} sleep 600`);
        await over(homelab, docker, async (ssh) => {
          const stream = await ssh.channel("127.0.0.1", 25432);
          const error = await openDatabase(stream, login).then(
            () => assert.fail("somebody answered"),
            (reason: unknown) => reason as Error,
          );
          assert.doesNotMatch(error.message, /no answer/);
        });
      },
    },
    {
      name: "Docker: on a macvlan network, which the host itself can't reach",
      check: async (homelab) => {
        clear(homelab, docker);
        homelab.run("docker network rm lan; ip link del lan0");
        homelab.must(
          "ip link add lan0 type veth peer name lan1 && ip link set lan0 up && ip link set lan1 up",
        );
        homelab.must(
          "docker network create -d macvlan --subnet 192.168.77.0/24 -o parent=lan0 lan",
        );
        homelab.must(
          `docker run -d --name immich_postgres --network lan -e PASSWORD=${PASSWORD} ${IMAGE} /srv/postgres`,
        );
        await unreachable(homelab, docker, ["is on the macvlan network lan", "second network"]);
        homelab.run("docker rm -f immich_postgres; docker network rm lan; ip link del lan0");
      },
    },
    {
      name: "Podman, rootless: no address that the host can reach; then published on loopback",
      check: async (homelab) => {
        const engine: Engine = { name: "", user: "rootless", runtime: "podman", program: "podman" };
        clear(homelab, engine);
        homelab.run("podman rm -fa", "rootless");
        homelab.must("podman network exists lab || podman network create lab", "rootless");
        const start = (more: string) =>
          homelab.must(
            `podman rm -f immich_postgres; podman run -d --name immich_postgres ${more} -e PASSWORD=${PASSWORD} ${IMAGE} /srv/postgres`,
            "rootless",
          );
        const words = [
          "rootless",
          'ports: ["127.0.0.1:5432:5432"]',
          'containerRuntime "sudo -n podman"',
        ];
        start("--network lab");
        await unreachable(homelab, engine, words);
        start("");
        await unreachable(homelab, engine, words);
        start("--network lab -p 127.0.0.1:5432:5432");
        await answers(homelab, engine);
        homelab.must("podman rm -f immich_postgres", "rootless");
      },
    },
  ];
}

const port = ({ runtime }: Engine) => ({ runtime, container: "immich_postgres", port: 5432 });

/** PostgreSQL starts, and answers. */
async function answers(homelab: Homelab, engine: Engine): Promise<void> {
  await over(homelab, engine, async (ssh) => {
    for (let tries = 0; ; tries++) {
      try {
        const session = await openDatabase(await openContainerPort(ssh, port(engine)), login);
        await session.query("SELECT 1");
        return await session.end();
      } catch (error) {
        if (tries > 100) throw error;
        await new Promise((done) => setTimeout(done, 200));
      }
    }
  });
}

async function unreachable(
  homelab: Homelab,
  engine: Engine,
  texts: readonly string[],
): Promise<void> {
  await over(homelab, engine, async (ssh) => {
    const error = await openContainerPort(ssh, port(engine)).then(
      () => assert.fail("it was reached"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof SshError, String(error));
    says(error.message, texts);
  });
}

function databaseState(engine: Engine): State {
  return {
    name: `${engine.name}: PostgreSQL in its container; killed and restarted, which is noticed at once`,
    check: async (homelab) => {
      await freshProject(homelab, engine, {}, "database");
      await answers(homelab, engine);
      for (const blow of [
        "pkill -KILL -f '[p]ostgres: .*SELECT'",
        `${engine.program} restart -t 1 immich_postgres`,
      ]) {
        await answers(homelab, engine);
        await over(homelab, engine, async (ssh) => {
          const session = await openDatabase(await openContainerPort(ssh, port(engine)), login);
          const asked = session.query("SELECT pg_sleep(600)").then(
            () => "answered",
            (error: Error) => error.message,
          );
          await new Promise((done) => setTimeout(done, 500));
          homelab.must(blow);
          assert.notEqual(await asked, "answered"); // and the 600 s are not waited for
          assert.ok(session.lost);
          await session.end();
        });
      }
    },
  };
}

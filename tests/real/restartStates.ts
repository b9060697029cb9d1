// Each state that Immich's service can be in, and what the restart makes of it.
import assert from "node:assert/strict";

import { lookAtService, restartService, serviceStartedAt } from "../../ssh/composeService";
import { restartScript } from "../../ssh/restartScript";
import {
  clear,
  compose,
  composeFile,
  DIRECTORY,
  type Engine,
  freshProject,
  serviceOf,
  startedAt,
} from "./engines";
import { over, refused, says, type State } from "./expect";
import type { Homelab } from "./homelab";

/** The restart fails, and says so. */
async function fails(
  homelab: Homelab,
  engine: Engine,
  timeoutSeconds: number,
  texts: readonly (string | RegExp)[],
): Promise<void> {
  const error = await over(homelab, engine, (ssh) =>
    restartService(ssh, { ...serviceOf(engine), timeoutSeconds }).then(
      (report) => assert.fail(`it did not fail: ${report}`),
      (reason: unknown) => reason as Error,
    ),
  );
  says(error.message, texts);
}

/** What a restart meets. */
export function restartStates(engine: Engine): State[] {
  const { program } = engine;
  const state = (name: string, check: (homelab: Homelab) => Promise<void>): State => ({
    name: `${engine.name}: ${name}`,
    check,
  });
  const restart = (homelab: Homelab, timeoutSeconds = 60) =>
    over(homelab, engine, async (ssh) => {
      await lookAtService(ssh, serviceOf(engine));
      return restartService(ssh, { ...serviceOf(engine), timeoutSeconds });
    });
  return [
    state("restarted, healthy, started when it says", async (homelab) => {
      await freshProject(homelab, engine);
      const before = startedAt(homelab, engine, "immich_server");
      assert.equal(await restart(homelab), "immich-server is healthy");
      const [after = ""] = startedAt(homelab, engine, "immich_server");
      assert.notEqual(after, before[0]);
      const told = await over(homelab, engine, (ssh) => serviceStartedAt(ssh, serviceOf(engine)));
      const nanoseconds = /(\.\d{3})\d+/;
      assert.equal(told.getTime(), Date.parse(JSON.parse(after.replace(nanoseconds, "$1"))));
    }),
    state("what Compose warns of is said once, podman's notice never", async (homelab) => {
      const more = `environment: { NOT: "$NOT_SET" }`;
      await freshProject(homelab, engine, { head: `version: "3.8"\n`, more });
      const script = restartScript({ ...serviceOf(engine), timeoutSeconds: 60 });
      const { code, stderr } = await over(homelab, engine, (ssh) => ssh.exec(script));
      assert.equal(code, 0, stderr);
      for (const warning of [/obsolete/g, /NOT_SET/g]) {
        assert.ok((stderr.match(warning)?.length ?? 0) <= 1, stderr);
      }
      says(stderr, []);
    }),
    state("without a health check", async (homelab) => {
      await freshProject(homelab, engine, { healthcheck: "" });
      assert.equal(await restart(homelab), "immich-server is running, it has no health check");
    }),
    // Podman's checks are made by the harness, at its own pace.
    ...(engine.runtime === "docker" ? [defaultPace(engine)] : []),
    state("a container of compose run is left alone", async (homelab) => {
      await freshProject(homelab, engine);
      compose(homelab, engine, "run -d immich-server sleep 1000");
      const others = `${program} ps --no-trunc --format '{{.ID}} {{.Names}}' | grep -v ' immich_server$'`;
      const [oneoff = ""] = homelab.must(others).split(" ");
      assert.notEqual(oneoff, "");
      const before = startedAt(homelab, engine, oneoff);
      assert.equal(await restart(homelab), "immich-server is healthy");
      assert.deepEqual(startedAt(homelab, engine, oneoff), before);
    }),
    state("of a service with two containers both count", async (homelab) => {
      await freshProject(homelab, engine, { unnamed: true, more: "deploy: { replicas: 2 }" });
      const names = homelab.must(`${program} ps --format '{{.Names}}'`).split("\n");
      assert.equal(names.length, 2);
      const before = startedAt(homelab, engine, ...names);
      assert.equal(await restart(homelab), "immich-server is healthy");
      const after = startedAt(homelab, engine, ...names);
      assert.ok(
        after.every((time, index) => time !== before[index]),
        `${before} ${after}`,
      );
    }),
    state("a stopped one is started", async (homelab) => {
      await freshProject(homelab, engine);
      homelab.must(`${program} stop immich_server`);
      assert.equal(await restart(homelab), "immich-server is healthy");
    }),
    state("removed", async (homelab) => {
      await freshProject(homelab, engine, {}, "immich-server database");
      homelab.must(`${program} rm -f immich_server`);
      await refused(homelab, engine, {}, [
        `the Compose project of ${DIRECTORY} has no container of service immich-server`,
        "containers there: immich_postgres",
        "compose up -d immich-server",
      ]);
    }),
    state("made under another project name", async (homelab) => {
      clear(homelab, engine);
      homelab.write(`${DIRECTORY}/docker-compose.yml`, composeFile());
      compose(homelab, engine, "-p photos up -d immich-server");
      await refused(homelab, engine, {}, [
        "has no container of service immich-server",
        "container immich_server belongs to project photos",
        `echo COMPOSE_PROJECT_NAME=photos >> ${DIRECTORY}/.env`,
      ]);
      homelab.must(`echo COMPOSE_PROJECT_NAME=photos >> ${DIRECTORY}/.env`); // what it says helps
      assert.equal(await restart(homelab), "immich-server is healthy");
    }),
    state("in another folder", async (homelab) => {
      await freshProject(homelab, engine);
      homelab.must(`mkdir /opt/photos && cp ${DIRECTORY}/docker-compose.yml /opt/photos`);
      await refused(homelab, engine, { directory: "/opt/photos" }, [
        "has no container of service immich-server",
        "container immich_server belongs to project immich of /opt/immich",
        "npx pulumi config set composeDirectory /opt/immich",
      ]);
      homelab.must("rm /opt/photos/docker-compose.yml");
      await refused(homelab, engine, { directory: "/opt/photos" }, [
        "there is no Compose file in /opt/photos",
        "npx pulumi config set composeDirectory /opt/immich",
      ]);
      await refused(homelab, engine, { directory: "/srv/nothing" }, [
        "there is no directory /srv/nothing",
        "npx pulumi config set composeDirectory /opt/immich",
      ]);
      await refused(homelab, engine, { service: "server" }, [
        "has no service server",
        "it has: database immich-server",
        "npx pulumi config set composeService",
      ]);
    }),
    state("one that ends at once", async (homelab) => {
      await freshProject(homelab, engine, {
        command: `[sh, -c, "echo no more; exit 3"]`,
        restart: "no",
      });
      await fails(homelab, engine, 40, [
        "was restarted and is not healthy",
        "immich_server: exited",
        "immich-server is down now. Start it: cd /opt/immich && ",
        "compose start immich-server",
        "no more",
      ]);
    }),
    state("one that ends again and again", async (homelab) => {
      await freshProject(homelab, engine, { command: `[sh, -c, "echo again; exit 3"]` });
      await fails(homelab, engine, 8, [
        "was restarted and is not healthy after 8 s",
        /immich_server: (restarting|exited|stopped|created|running, starting)/,
        "again",
      ]);
    }),
    state("one that takes too long", async (homelab) => {
      await freshProject(homelab, engine, { more: `environment: { SLOW: "600" }` });
      await fails(homelab, engine, 6, [
        "immich-server was restarted and is not healthy after 6 s",
        /immich_server: running, (starting|unhealthy)/,
      ]);
    }),
    state("a port that is taken: it is down, and how to start it", async (homelab) => {
      await freshProject(homelab, engine, { more: `ports: ["127.0.0.1:22283:2283"]` });
      homelab.must(`${program} stop immich_server`);
      const listen = `exec perl -MIO::Socket::INET -e '$0 = "squatter"; $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:22283", Listen => 1) or die; sleep 600'`;
      homelab.must(`(${listen}) >/dev/null 2>&1 </dev/null &`);
      await homelab.until("ss -ltn | grep -q 127.0.0.1:22283");
      await fails(homelab, engine, 20, [
        /the restart of immich-server failed: .*(in use|already allocated|bind)/is,
        "immich-server is down now. Start it: cd /opt/immich && ",
      ]);
      homelab.must("pkill -f '^squatter'");
    }),
  ];
}

function defaultPace(engine: Engine): State {
  return {
    name: `${engine.name}: a health check at the default pace: half a minute, and less time is warned of`,
    check: async (homelab) => {
      const healthcheck = "healthcheck: { test: [CMD, /srv/health] }";
      await freshProject(homelab, engine, { healthcheck });
      await over(homelab, engine, async (ssh) => {
        const script = restartScript({ ...serviceOf(engine), timeoutSeconds: 10 });
        const { stderr } = await ssh.exec(script);
        says(stderr, ["restartTimeoutSeconds is 10", "comes after 30 s", "running, starting"]);
        const report = await restartService(ssh, { ...serviceOf(engine), timeoutSeconds: 60 });
        assert.equal(report, "immich-server is healthy");
      });
    },
  };
}

import { spawn } from "node:child_process";
import { createDecipheriv, pbkdf2Sync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "ssh2";
import { parse } from "yaml";
import { type Sandbox, startSandbox } from "../../sandbox/client";

jest.setTimeout(60_000);

const ROOT = resolve(__dirname, "../..");

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, milliseconds = 8000): Promise<boolean> {
  for (const end = Date.now() + milliseconds; Date.now() < end;) {
    if (condition()) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return condition();
}

/** The process ids of a sandbox's parts. */
async function pids(sandbox: Sandbox): Promise<number[]> {
  const state =
    await sandbox.control<Record<"authentik" | "immich" | "postgres", { pid: number }>>("");
  return [sandbox.pid, state.authentik.pid, state.immich.pid, state.postgres.pid];
}

async function leavesNothing(sandbox: Sandbox, before: readonly number[]): Promise<void> {
  expect(await until(() => !before.some(alive))).toBe(true);
  expect(await until(() => !existsSync(sandbox.folder))).toBe(true);
}

/** Decrypts a secret of a stack file: AES-256-GCM, key by PBKDF2 from the passphrase. */
function decrypt(secure: string, encryptionSalt: string, passphrase: string): string {
  const salt = Buffer.from(encryptionSalt.split(":")[1] ?? "", "base64");
  const [, nonce = "", sealed = ""] = secure.split(":");
  const key = pbkdf2Sync(passphrase, salt, 1_000_000, 32, "sha256");
  const bytes = Buffer.from(sealed, "base64");
  const cipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  cipher.setAuthTag(bytes.subarray(bytes.length - 16));
  return cipher.update(bytes.subarray(0, bytes.length - 16)) + cipher.final("utf8");
}

describe("a sandbox that is up", () => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await startSandbox({ portBase: 0 });
  });

  afterAll(async () => {
    await sandbox?.stop();
  });

  test("answers with every part", async () => {
    const me = await fetch(`${sandbox.authentik.url}/api/v3/core/users/me/`, {
      headers: { authorization: `Bearer ${sandbox.authentik.token}` },
    });
    expect(me.status).toBe(200);
    const ping = await fetch(`${sandbox.immich.url}/api/server/ping`);
    expect(await ping.json()).toEqual({ res: "pong" });
    expect(await sandbox.sql("SELECT current_database() AS name")).toEqual([{ name: "immich" }]);
    expect((await ssh(sandbox, "docker ps -a --format '{{.Names}}'")).stdout.split("\n")).toEqual([
      "immich_server",
      "immich_machine_learning",
      "immich_redis",
      "immich_postgres",
      "",
    ]);
  });

  test("has an admin in Immich already, so that who comes next is an ordinary user", async () => {
    const login = await fetch(`${sandbox.immich.url}/api/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(sandbox.immich.admin),
    });
    expect(login.status).toBe(201);
    expect(await login.json()).toMatchObject({ isAdmin: true });
  });

  test("has an API key of that admin's, whatever the version, and tells what Immich was asked", async () => {
    const read = (path: string) =>
      fetch(`${sandbox.immich.url}${path}`, { headers: { "x-api-key": sandbox.immich.apiKey } });
    await sandbox.control("immich/requests", { method: "DELETE" });
    expect((await read("/api/system-config")).status).toBe(200);
    const asked = await sandbox.control("immich/requests", { method: "GET" });
    expect(asked).toEqual([
      expect.objectContaining({ path: "/api/system-config", withKey: true, outcome: 200 }),
    ]);
    await sandbox.control("immich/faults", { faults: [{ status: 503, times: 1 }] });
    expect((await read("/api/system-config")).status).toBe(503);
    await sandbox.control("immich/configure", { version: "3.2.2" });
    expect((await read("/api/admin/config")).status).toBe(200);
    await sandbox.control("immich/configure", { version: "1.135.3" });
    expect((await read("/api/system-config")).status).toBe(200);
  });

  test("is described by its stack file", () => {
    const [option, file = ""] = sandbox.arguments;
    expect(option).toBe("--config-file");
    const { config, encryptionsalt } = parse(readFileSync(file, "utf8")) as {
      encryptionsalt: string;
      config: Record<string, string | number | { secure: string }>;
    };
    const value = (key: string): string | number => {
      const found = config[key.includes(":") ? key : `immich-authentik-sso:${key}`];
      return typeof found === "object"
        ? decrypt(
            found.secure,
            encryptionsalt,
            sandbox.environment["PULUMI_CONFIG_PASSPHRASE"] ?? "",
          )
        : (found ?? "");
    };
    expect(value("authentik:url")).toBe(sandbox.authentik.url);
    expect(value("authentik:token")).toBe(sandbox.authentik.token);
    expect(value("immichUrl")).toBe(sandbox.immich.url);
    expect(value("sshHost")).toBe(sandbox.ssh.host);
    expect(value("sshPort")).toBe(sandbox.ssh.port);
    expect(value("sshUser")).toBe(sandbox.ssh.user);
    expect(value("sshHostKey")).toBe(sandbox.ssh.hostKey);
    expect(String(value("sshPrivateKey")).trim()).toBe(sandbox.ssh.privateKey.trim());
    expect(value("postgresPort")).toBe(sandbox.postgres.port);
    expect(value("postgresPassword")).toBe(sandbox.postgres.password);
  });

  test("restarts Immich for real", async () => {
    interface State {
      pid: number;
      startedAt: string;
      restarts: number;
      health: string;
    }
    const before = await sandbox.control<State>("immich/state");
    const restart = await ssh(sandbox, "cd /opt/immich && docker compose restart immich-server");
    expect(restart.code).toBe(0);
    expect(alive(before.pid)).toBe(false);
    let after = await sandbox.control<State>("immich/state");
    expect(after).toMatchObject({ restarts: before.restarts + 1 });
    expect(after.pid).not.toBe(before.pid);
    expect(Date.parse(after.startedAt)).toBeGreaterThan(Date.parse(before.startedAt));
    for (const end = Date.now() + 10_000; after.health !== "healthy" && Date.now() < end;) {
      await new Promise((done) => setTimeout(done, 100));
      after = await sandbox.control<State>("immich/state");
    }
    expect(after.health).toBe("healthy");
  });

  test("starts an Immich again and again that its settings keep from starting", async () => {
    await sandbox.sql(
      "INSERT INTO system_metadata VALUES ('system-config', $1) ON CONFLICT (key) DO UPDATE SET value = $1",
      ['{"oauth":null}'],
    );
    await expect(sandbox.control("immich/restart")).rejects.toThrow(/Immich ended/);
    let seen = "";
    for (const end = Date.now() + 10_000; seen !== "restarting" && Date.now() < end;) {
      seen = (
        await ssh(sandbox, "docker inspect -f '{{.State.Status}}' immich_server")
      ).stdout.trim();
    }
    expect(seen).toBe("restarting");
    await sandbox.sql("DELETE FROM system_metadata WHERE key = 'system-config'");
    await sandbox.control("immich/restart");
    expect(await sandbox.control("immich/state")).toMatchObject({ status: "running" });
  });

  test("becomes another Immich when told", async () => {
    expect(await sandbox.control("immich/configure", { version: "3.2.2" })).toMatchObject({
      version: "3.2.2",
      health: "healthy",
    });
    const version = await fetch(`${sandbox.immich.url}/api/server/version`);
    expect(await version.json()).toMatchObject({ major: 3, minor: 2, patch: 2 });
    await sandbox.control("immich/configure", { version: "1.135.3", configFile: {} });
    const features = await fetch(`${sandbox.immich.url}/api/server/features`);
    expect(await features.json()).toMatchObject({ configFile: true });
    expect((await ssh(sandbox, "docker inspect immich_server")).stdout).toContain(
      "IMMICH_CONFIG_FILE=",
    );
    await sandbox.control("immich/configure", { configFile: null });
  });

  test("stops and starts its parts, and says which controls there are", async () => {
    await sandbox.control("ssh/stop");
    await expect(ssh(sandbox, "true")).rejects.toThrow(/ECONNREFUSED/);
    await sandbox.control("ssh/start");
    expect((await ssh(sandbox, "true")).code).toBe(0);
    await sandbox.control("postgres/restart");
    expect(await sandbox.sql("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await sandbox.control("authentik/stop");
    await expect(fetch(sandbox.authentik.url)).rejects.toThrow();
    await sandbox.control("authentik/start");
    expect((await fetch(`${sandbox.authentik.url}/-/health/ready/`)).ok).toBe(true);
    await expect(sandbox.control("nothing")).rejects.toThrow(
      /has no control nothing.*ssh\/policies/,
    );
  });
});

describe("leaves nothing behind", () => {
  test("after stop", async () => {
    const sandbox = await startSandbox({ portBase: 0 });
    const before = await pids(sandbox);
    await sandbox.stop();
    expect(before.filter(alive)).toEqual([]);
    expect(existsSync(sandbox.folder)).toBe(false);
  });

  test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("after %s", async (signal) => {
    const sandbox = await startSandbox({ portBase: 0 });
    const before = await pids(sandbox);
    const running = ssh(sandbox, "sleep 600 & echo $! > sleeper; wait").catch(() => undefined);
    const sleeper = join(sandbox.folder, "host/sleeper");
    expect(await until(() => existsSync(sleeper) && readFileSync(sleeper, "utf8") !== "")).toBe(
      true,
    );
    before.push(Number(readFileSync(sleeper, "utf8")));
    expect(before.filter(alive)).toEqual(before);
    process.kill(sandbox.pid, signal);
    await leavesNothing(sandbox, before);
    await running;
    await sandbox.stop();
  });

  test("when whoever started it is killed", async () => {
    const script = `
      const { startSandbox } = require("./sandbox/client.ts");
      startSandbox({ portBase: 0 }).then(async (sandbox) => {
        const state = await sandbox.control("");
        const pids = [sandbox.pid, ...Object.values(state).map(({ pid }) => pid)];
        console.log(JSON.stringify({ folder: sandbox.folder, pids }));
      });`;
    const owner = spawn(process.execPath, ["-r", "./register.js", "-e", script], { cwd: ROOT });
    const line = await new Promise<string>((done) =>
      owner.stdout.once("data", (chunk: Buffer) => done(chunk.toString())),
    );
    const { folder, pids } = JSON.parse(line) as { folder: string; pids: number[] };
    expect(pids.filter(alive)).toEqual(pids);
    owner.kill("SIGKILL");
    expect(await until(() => !pids.some(alive))).toBe(true);
    expect(await until(() => !existsSync(folder))).toBe(true);
  });
});

describe("doesn't start", () => {
  let blocker: Server;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "sandbox-main-"));
    blocker = createServer();
    await new Promise<void>((done) => blocker.listen(0, "127.0.0.1", done));
  });

  afterAll(async () => {
    await new Promise((done) => blocker.close(done));
    rmSync(folder, { recursive: true, force: true });
  });

  test("on ports that are taken, and says which and what to do", async () => {
    const address = blocker.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(startSandbox({ portBase: port - 1 })).rejects.toThrow(
      new RegExp(`port .*${port} \\(for Immich\\).*--port-base 0$`),
    );
  });

  test("in a folder that has something in it, which it leaves alone", async () => {
    const full = join(folder, "full");
    mkdirSync(full);
    writeFileSync(join(full, "letter"), "dear");
    await expect(startSandbox({ portBase: 0, folder: full })).rejects.toThrow(
      /wants an empty folder/,
    );
    expect(readdirSync(full)).toEqual(["letter"]);
  });
});

/** A command through the sandbox's SSH server. */
function ssh(sandbox: Sandbox, command: string): Promise<{ code: number; stdout: string }> {
  const client = new Client();
  const { host, port, user, privateKey, hostKey } = sandbox.ssh;
  return new Promise<{ code: number; stdout: string }>((done, fail) => {
    client.on("error", fail).on("close", () => fail(new Error("closed")));
    client.on("ready", () =>
      client.exec(command, (error, channel) => {
        if (error) return fail(error);
        let stdout = "";
        let code = -1;
        channel.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
        channel.on("exit", (given: number) => (code = given));
        channel.on("close", () => done({ code, stdout }));
      }),
    );
    client.connect({
      host,
      port,
      username: user,
      privateKey,
      hostVerifier: (key: Buffer) => key.toString("base64") === hostKey.split(" ")[1],
    });
  }).finally(() => client.end());
}

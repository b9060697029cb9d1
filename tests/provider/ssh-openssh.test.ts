// The same promises against OpenSSH's own server and agent.
import { once } from "node:events";
import { connect as dialTcp } from "node:net";

import { connect } from "../../ssh/connection";
import type { OpenConnection } from "../../ssh/openConnection";
import { openContainerPort } from "../../ssh/container";
import { closeShared, shared } from "../../ssh/shared";
import type { SshTarget } from "../../ssh/target";
import { keyPair } from "../../sandbox/ssh";
import { command, failure, folder, script, short, tcp } from "./support/machine";
import {
  childrenOf,
  cleanUp,
  hasSshd,
  kill,
  type Sshd,
  startAgent,
  startSshd,
  user,
} from "./support/sshd";

jest.setTimeout(30_000); // encrypted keys are slow on purpose, and the machine may be busy

const home = folder();
const bin = `${home.path}/bin`;
const patient = {
  ...short,
  dialMs: 5_000,
  handshakeMs: 5_000,
  authMs: 5_000,
  channelMs: 5_000,
  execMs: 20_000,
};
const open: OpenConnection[] = [];
const servers: Sshd[] = [];
let server: Sshd;

async function start(settings: readonly string[] = []): Promise<Sshd> {
  const started = await startSshd(home.path, settings);
  servers.push(started);
  return started;
}

function targetOf(at: Sshd, change: Partial<SshTarget> = {}): SshTarget {
  return {
    host: "127.0.0.1",
    port: at.port,
    user: at.user,
    hostKey: at.hostKeys.ed25519,
    privateKey: user.privateKey,
    ...change,
  };
}

async function dial(target: SshTarget, limits = patient): Promise<OpenConnection> {
  const connection = await connect(target, limits);
  open.push(connection);
  return connection;
}

const withSshd = hasSshd ? describe : describe.skip;

withSshd("OpenSSH's sshd", () => {
  beforeAll(async () => {
    server = await start([`SetEnv PATH=${bin}:/usr/bin:/bin`, "MaxSessions 2"]);
  });

  afterEach(async () => {
    for (const connection of open.splice(0)) connection.close();
    await closeShared();
  });

  afterAll(async () => {
    await Promise.all(servers.map((one) => one.stop()));
    cleanUp();
    home.remove();
  });

  test.each(["ed25519", "ecdsa", "rsa"] as const)(
    "of its three host keys the pinned one is asked for: %s",
    async (type) => {
      const connection = await dial(targetOf(server, { hostKey: server.hostKeys[type] }));
      await expect(connection.exec("echo in")).resolves.toMatchObject({ code: 0, stdout: "in\n" });
    },
  );

  test("what ssh-keyscan prints can be pinned as it is", async () => {
    const scan = await command("ssh-keyscan", ["-p", String(server.port), "127.0.0.1"]);
    await expect(dial(targetOf(server, { hostKey: scan.output }))).resolves.toBeDefined();
  });

  test("another host key: it never hears of a user or a key", async () => {
    const before = server.log().length;
    const other = keyPair("somebody else", "other").publicKey;
    const error = await failure(dial(targetOf(server, { hostKey: other })));
    expect(error).toMatchObject({ kind: "host-key" });
    await new Promise((done) => setTimeout(done, 100));
    const heard = server.log().slice(before);
    expect(heard).toContain("Connection from 127.0.0.1");
    expect(heard).not.toMatch(/userauth-request|Postponed|Accepted|Failed/);
  });

  test("a key it does not know: what was tried, and what it would take", async () => {
    const stranger = keyPair("a stranger", "stranger").privateKey;
    const error = await failure(dial(targetOf(server, { privateKey: stranger })));
    expect(error).toMatchObject({ kind: "auth" });
    expect(error.message).toMatch(/ssh-ed25519 SHA256:\S+; it would take: publickey/);
  });

  test("a key that is not enough", async () => {
    const strict = await start([
      "PasswordAuthentication yes",
      "AuthenticationMethods publickey,password",
    ]);
    const error = await failure(dial(targetOf(strict)));
    expect(error.message).toContain("wants more than a key; it would take: password");
    expect(error.message).toContain("AuthenticationMethods publickey");
  });

  test("encrypted keys of both forms", async () => {
    for (const [type, form] of [
      ["ed25519", "RFC4716"],
      ["rsa", "PEM"],
    ] as const) {
      const file = `${home.path}/key-${type}`;
      const bits = type === "rsa" ? ["-b", "2048"] : [];
      const args = ["-q", "-t", type, ...bits, "-m", form, "-N", "open-sesame", "-f", file];
      expect((await command("ssh-keygen", args)).code).toBe(0);
      const { output } = await command("cat", [file]);
      const target = targetOf(server, { privateKey: output });
      const right = await failure(dial({ ...target, passphrase: "open-sesame" }));
      expect(right).toMatchObject({ kind: "auth" }); // decrypted, offered, not known there
      const wrong = await failure(dial({ ...target, passphrase: "open-barley" }));
      expect(wrong.message).toContain("sshPrivateKeyPassphrase is not its passphrase");
      const missing = await failure(dial(target));
      expect(missing.message).toContain("sshPrivateKeyPassphrase is not set");
    }
  });

  describe("with a real ssh-agent", () => {
    const byAgent = (socket: string) =>
      targetOf(server, { privateKey: undefined, agentSocket: socket });

    test("its key opens the door", async () => {
      const agent = await startAgent(home.path, [
        keyPair("a stranger", "stranger").privateKey,
        user.privateKey,
      ]);
      const connection = await dial(byAgent(agent.socket));
      await expect(connection.exec("echo in")).resolves.toMatchObject({ stdout: "in\n" });
      await agent.stop();
    });

    test("the wrong key, no key, no agent", async () => {
      const wrong = await startAgent(home.path, [keyPair("a stranger", "stranger").privateKey]);
      const refused = await failure(dial(byAgent(wrong.socket)));
      expect(refused.message).toMatch(/Tried the SSH agent's keys: ssh-ed25519 SHA256:/);
      await wrong.stop();
      const gone = await failure(dial(byAgent(wrong.socket)));
      expect(gone.message).toContain("cannot be reached");
      const empty = await startAgent(home.path, []);
      const none = await failure(dial(byAgent(empty.socket)));
      expect(none.message).toContain("holds no key");
      expect(none.message).toContain("ssh-add");
      await empty.stop();
    });

    test("more keys than the server lets one try", async () => {
      const strict = await start(["MaxAuthTries 2"]);
      const keys = [1, 2, 3, 4].map((n) => keyPair(`stranger ${n}`, "stranger").privateKey);
      const agent = await startAgent(home.path, keys);
      const error = await failure(
        dial(targetOf(strict, { privateKey: undefined, agentSocket: agent.socket })),
      );
      expect(error).toMatchObject({ kind: "auth" });
      expect(error.message).toContain("put the right one into sshPrivateKey");
      await agent.stop();
    });
  });

  test("a dozen channels over one connection, with MaxSessions 2", async () => {
    const echo = await tcp((socket) => socket.pipe(socket));
    script(bin, "docker", `echo '[{"Status":"running"},"host",{}]'`);
    const before = server.log().length;
    const target = targetOf(server);
    const texts = Array.from({ length: 12 }, (_, index) => `channel ${index}`);
    const talk = async (text: string) => {
      const channel = await openContainerPort(await shared(target), {
        runtime: "docker",
        container: "immich_postgres",
        port: echo.port,
      });
      channel.write(text);
      const [data] = (await once(channel, "data")) as [Buffer];
      channel.destroy();
      return data.toString();
    };
    expect(await Promise.all(texts.map(talk))).toEqual(texts);
    expect(
      server
        .log()
        .slice(before)
        .match(/Accepted publickey/g),
    ).toHaveLength(1);
    await echo.stop();
  });

  test("a connection whose far end closes is closed here too: sshd says CHANNEL_EOF and no more", async () => {
    const farewell = await tcp((socket) => socket.end("bye"));
    const connection = await dial(targetOf(server));
    const channel = await connection.channel("127.0.0.1", farewell.port);
    const closed = once(channel, "close");
    expect(String((await once(channel, "data"))[0])).toBe("bye");
    await closed;
    await farewell.stop();
  });

  test("a user outside docker's group", async () => {
    script(
      bin,
      "docker",
      `echo 'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock' >&2; exit 1`,
    );
    const wanted = { runtime: "docker", container: "immich_postgres", port: 5432 };
    const error = await failure(openContainerPort(await dial(targetOf(server)), wanted));
    expect(error.message).toContain(`sudo usermod -aG docker ${server.user}`);
  });

  test("AllowTcpForwarding no, and PermitOpen", async () => {
    for (const line of ["AllowTcpForwarding no", "PermitOpen 127.0.0.1:1"]) {
      const strict = await start([line]);
      const error = await failure((await dial(targetOf(strict))).channel("127.0.0.1", 5432));
      expect(error).toMatchObject({ kind: "forwarding" });
      expect(error.message).toContain("AllowTcpForwarding local");
    }
  });

  test("a port where nobody listens", async () => {
    const closed = await tcp(() => undefined);
    await closed.stop();
    const error = await failure((await dial(targetOf(server))).channel("127.0.0.1", closed.port));
    expect(error).toMatchObject({ kind: "channel" });
    expect(error.message).toContain("Connection refused");
  });

  test("it answers the keep-alive; a session that stands still is given up, a dead one replaced", async () => {
    const target = targetOf(server);
    const limits = { ...patient, keepAliveMs: 100, keepAliveMax: 3 };
    const before = childrenOf(server.pid);
    const first = (await shared(target, limits)) as OpenConnection;
    await new Promise((done) => setTimeout(done, 1_000));
    expect(first.death).toBeUndefined();
    const session = childrenOf(server.pid).filter((pid) => !before.includes(pid));
    for (const pid of session) kill(pid, "SIGSTOP");
    await new Promise<void>((done) => first.onDeath(done));
    expect(first.death?.message).toContain("no sign of life for 0.3 s");
    for (const pid of session) kill(pid, "SIGKILL");

    const second = (await shared(target, limits)) as OpenConnection;
    expect(second).not.toBe(first);
    const running = second.exec("sleep 5");
    await new Promise((done) => setTimeout(done, 200));
    for (const pid of childrenOf(server.pid).filter((one) => !before.includes(one))) {
      kill(pid, "SIGKILL");
    }
    await expect(failure(running)).resolves.toMatchObject({ kind: "lost" });
    const third = await shared(target, limits);
    await expect(third.exec("echo in")).resolves.toMatchObject({ stdout: "in\n" });
  });

  test("through one to another, each with a pin", async () => {
    const far = await start([]);
    const connection = await dial(targetOf(far, { jump: targetOf(server) }));
    await expect(connection.exec("echo far")).resolves.toMatchObject({ stdout: "far\n" });
    const before = far.log().length;
    const swapped = targetOf(far, {
      hostKey: keyPair("somebody else", "other").publicKey,
      jump: targetOf(server),
    });
    await expect(failure(dial(swapped))).resolves.toMatchObject({ kind: "host-key" });
    expect(far.log().slice(before)).not.toMatch(/userauth-request/);
    const forbidding = await start(["AllowTcpForwarding no"]);
    const stuck = await failure(dial(targetOf(far, { jump: targetOf(forbidding) })));
    expect(stuck.message).toContain("forbids TCP forwarding");
  });

  test("a server that is full", async () => {
    const full = await start(["MaxStartups 1:100:1"]);
    const idle = dialTcp(full.port, "127.0.0.1");
    await once(idle, "data");
    const error = await failure(dial(targetOf(full)));
    expect(error.message).toContain("MaxStartups");
    idle.destroy();
  });
});

// One SSH connection, against the sandbox's SSH server: what works, and each way in which it can fail.
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";

import { connect } from "../../ssh/connection";
import type { OpenConnection } from "../../ssh/openConnection";
import { SshError } from "../../ssh/errors";
import { closeShared, shared } from "../../ssh/shared";
import { SshTarget } from "../../ssh/target";
import { SshServer, keyPair } from "../../sandbox/ssh";
import { command, failure, folder, machine, short, targetOf, tcp } from "./support/machine";

const home = folder();
let server: SshServer;
const open: OpenConnection[] = [];

const dial = async (change: Partial<SshTarget> = {}, limits = short): Promise<OpenConnection> => {
  const connection = await connect(targetOf(server, change), limits);
  open.push(connection);
  return connection;
};

beforeAll(async () => {
  server = await machine(home.path);
});

beforeEach(() => {
  server.setPolicies({ tcpForwarding: true, acceptKeys: true, fault: null });
  server.resetCounters();
});

afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await closeShared();
});

afterAll(async () => {
  await server.stop();
  home.remove();
});

describe("what works", () => {
  test("a command, its input, its output and its exit code", async () => {
    const connection = await dial();
    const answer = await connection.exec("cat; echo bad >&2; exit 3", { stdin: "good" });
    expect(answer).toEqual({ code: 3, stdout: "good", stderr: "bad\n" });
  });

  test("a TCP connection from there, both directions, closed on both ends", async () => {
    const echo = await tcp((socket) => socket.pipe(socket));
    const connection = await dial();
    const channel = await connection.channel("127.0.0.1", echo.port);
    const big = Buffer.alloc(3_000_000, "x");
    channel.end(big);
    let size = 0;
    for await (const chunk of channel) size += (chunk as Buffer).length;
    expect(size).toBe(big.length);
    await echo.stop();
  });

  test("twelve channels and a command at once, over one connection", async () => {
    const echo = await tcp((socket) => socket.pipe(socket));
    const target = targetOf(server);
    const talk = async (text: string): Promise<string> => {
      const channel = await (await shared(target)).channel("127.0.0.1", echo.port);
      channel.write(text);
      const [data] = (await once(channel, "data")) as [Buffer];
      channel.destroy();
      return data.toString();
    };
    const texts = Array.from({ length: 12 }, (_, index) => `channel ${index}`);
    const command = shared(target).then((connection) => connection.exec("echo run"));
    expect(await Promise.all(texts.map(talk))).toEqual(texts);
    expect((await command).stdout).toBe("run\n");
    expect(server.counters.connections).toBe(1);
    expect(server.counters.forwards).toBe(12);
    await echo.stop();
  });
});

describe("the host key", () => {
  test("none pinned: refused before anything is dialled, with the commands that help", async () => {
    const error = await failure(dial({ hostKey: "" }));
    expect(error).toMatchObject({ kind: "config" });
    expect(error.message).toContain("sshHostKey is not set");
    expect(error.message).toContain(`ssh-keyscan -t ed25519 -p ${server.port} 127.0.0.1`);
    expect(error.message).toContain("npx pulumi config set sshHostKey");
    expect(server.counters.connections).toBe(0);
  });

  test("another key: no login is begun, both fingerprints are shown", async () => {
    const other = keyPair("somebody else", "other");
    const error = await failure(dial({ hostKey: other.publicKey }));
    expect(error).toMatchObject({ kind: "host-key" });
    expect(error.message.match(/SHA256:[A-Za-z0-9+/]{43}/g)).toHaveLength(2);
    expect(server.counters).toMatchObject({ connections: 1, authentications: 0, logins: 0 });
  });

  test("one right key among several lines, known_hosts form and comments", async () => {
    const other = keyPair("somebody else", "other");
    const lines = `# 127.0.0.1:22 SSH-2.0\n${other.publicKey}\n[127.0.0.1]:${server.port} ${server.hostKey}`;
    await expect(dial({ hostKey: lines })).resolves.toBeDefined();
  });
});

describe("logging in", () => {
  test("a key the server does not know: what was tried and what it would take", async () => {
    const stranger = keyPair("a stranger", "stranger");
    const error = await failure(dial({ privateKey: stranger.privateKey }));
    expect(error).toMatchObject({ kind: "auth" });
    expect(error.message).toMatch(
      /Tried the key of sshPrivateKey: ssh-ed25519 SHA256:\S+; it would take: publickey/,
    );
    expect(error.message).not.toContain("PRIVATE");
  });

  test("an encrypted key: with its passphrase, without, with another", async () => {
    const file = `${home.path}/encrypted`;
    const { privateKey } = targetOf(server);
    writeFileSync(file, privateKey ?? "", { mode: 0o600 });
    const made = await command("ssh-keygen", ["-p", "-f", file, "-N", "open-sesame", "-P", ""]);
    expect(made.code).toBe(0);
    const encrypted = readFileSync(file, "utf8");
    await expect(dial({ privateKey: encrypted, passphrase: "open-sesame" })).resolves.toBeDefined();
    const missing = await failure(dial({ privateKey: encrypted }));
    expect(missing.message).toContain("is encrypted and sshPrivateKeyPassphrase is not set");
    const wrong = await failure(dial({ privateKey: encrypted, passphrase: "open-barley" }));
    expect(wrong.message).toContain("sshPrivateKeyPassphrase is not its passphrase");
    expect(wrong.message).toContain("npx pulumi config set --secret sshPrivateKeyPassphrase");
    expect(wrong.message).not.toContain("barley");
  });

  test.each([
    ["a public key", () => server.hostKey, "is a public key"],
    ["rubbish", () => "hunter2", "is in no form that can be read"],
    ["a torn key", () => (targetOf(server).privateKey ?? "").slice(0, 200), "is in no form"],
  ])("%s for a private key", async (_, key, message) => {
    const error = await failure(dial({ privateKey: key() }));
    expect(error).toMatchObject({ kind: "config" });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("hunter2");
    expect(server.counters.connections).toBe(0);
  });

  test("no key and no agent", async () => {
    const error = await failure(dial({ privateKey: undefined, agentSocket: "" }));
    expect(error.message).toContain("sshPrivateKey is not set and no SSH agent runs");
  });

  test("an agent that is gone", async () => {
    const error = await failure(
      dial({ privateKey: undefined, agentSocket: `${home.path}/nobody` }),
    );
    expect(error).toMatchObject({ kind: "agent" });
    expect(error.message).toContain("cannot be reached");
  });
});

describe("no answer in time, and cuts, at every step", () => {
  test.each([
    ["dial", "stall", "no SSH greeting came in 1.5 s"],
    ["dial", "drop", "closed the connection without a greeting"],
    ["banner", "stall", "key exchange did not finish"],
    ["banner", "drop", "connection"],
    ["kex", "stall", "key exchange did not finish"],
    ["kex", "drop", "connection"],
    ["auth", "stall", "no answer to the login in 1.5 s"],
    ["auth", "drop", "ended the connection during the login"],
  ] as const)("%s: %s", async (at, kind, message) => {
    server.setPolicies({ fault: { at, kind } });
    const error = await failure(dial());
    expect(error).toBeInstanceOf(SshError);
    expect(error.message).toContain(message);
    expect(error.message).toContain(`hermes-admin@127.0.0.1:${server.port}`);
    expect(error.message).toContain("next:");
  });

  test.each(["stall", "drop"] as const)("a channel: %s", async (kind) => {
    const connection = await dial({}, { ...short, keepAliveMs: 60_000 });
    server.setPolicies({ fault: { at: "channel", kind } });
    const error = await failure(connection.channel("127.0.0.1", 1));
    expect(error.message).toContain(kind === "stall" ? "got no answer in 1.5 s" : "was lost");
  });

  test.each(["stall", "drop"] as const)("a command that never ends: %s", async (kind) => {
    const connection = await dial({}, { ...short, keepAliveMs: 60_000, execMs: 1_000 });
    server.setPolicies({ fault: { at: "exec-done", kind } });
    const error = await failure(connection.exec("true"));
    expect(error.message).toContain(kind === "stall" ? "was not done in 1 s" : "was lost");
  });
});

test("nothing listens there", async () => {
  const closed = await tcp(() => undefined);
  await closed.stop();
  const error = await failure(dial({ port: closed.port }));
  expect(error).toMatchObject({ kind: "dial" });
  expect(error.message).toContain(`127.0.0.1:${closed.port} refused the connection`);
});

test("a name that does not exist", async () => {
  const error = await failure(dial({ host: "no-such-host.invalid" }));
  expect(error.message).toMatch(/no-such-host\.invalid cannot be resolved/);
});

test.each(["itself", "its jump host", "behind a jump host"])(
  "a host that takes the connection and says nothing is given up in bounded time: %s",
  async (which) => {
    const mute = await tcp(() => undefined);
    const silent = { ...targetOf(server), port: mute.port };
    const change = {
      itself: silent,
      "its jump host": { jump: silent },
      "behind a jump host": { ...silent, jump: targetOf(server) },
    }[which];
    const error = await failure(dial(change));
    expect(error).toMatchObject({ kind: "timeout" });
    expect(error.message).toContain(`127.0.0.1:${mute.port}: connected, but no SSH greeting came`);
    expect(error.message).toContain(which === "its jump host" ? "sshJumpPort" : "sshPort");
    await mute.stop();
  },
);

test("something that is no SSH server", async () => {
  const web = await tcp((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const error = await failure(dial({ port: web.port }));
  expect(error.message).toMatch(/next: .*sshPort|is that an SSH server/);
  await web.stop();
});

describe("after the login", () => {
  test("a network that swallows everything is noticed by the keep-alive; open channels end with the reason", async () => {
    const echo = await tcp((socket) => socket.pipe(socket));
    const connection = await dial();
    const channel = await connection.channel("127.0.0.1", echo.port);
    const ended = new Promise<Error>((done) => channel.once("error", done));
    server.setPolicies({ fault: { at: "bytes", kind: "stall" } });
    expect((await ended).message).toContain("no sign of life for 0.4 s");
    expect(connection.death?.message).toContain("no sign of life");
    await echo.stop();
  });

  test("a dead shared connection is replaced, a live one is not", async () => {
    const target = targetOf(server);
    const first = await shared(target, short);
    await first.exec("true");
    server.dropConnections();
    await expect(failure(first.exec("true"))).resolves.toMatchObject({ kind: "lost" });
    const second = await shared(target, short);
    expect(second).not.toBe(first);
    await expect(second.exec("echo here")).resolves.toMatchObject({ stdout: "here\n" });
    expect(await shared(target, short)).toBe(second);
    expect(server.counters.connections).toBe(2);
  });

  test("a connection whose far end closes is closed here too, half-read or not", async () => {
    const farewell = await tcp((socket) => socket.end("bye"));
    const connection = await dial();
    const channel = await connection.channel("127.0.0.1", farewell.port);
    const closed = once(channel, "close");
    expect(String((await once(channel, "data"))[0])).toBe("bye");
    await closed;
    expect(connection.busy).toBe(false);
    await farewell.stop();
  });

  test("a failed attempt is not remembered", async () => {
    const target = targetOf(server);
    server.setPolicies({ fault: { at: "dial", kind: "drop", times: 1 } });
    await failure(shared(target, short));
    await expect(shared(target, short)).resolves.toBeDefined();
  });

  test("TCP forwarding forbidden: the lines for sshd_config", async () => {
    server.setPolicies({ tcpForwarding: false });
    const connection = await dial();
    const error = await failure(connection.channel("127.0.0.1", 5432));
    expect(error.message).toContain("127.0.0.1:5432");
  });

  test("a port where nothing listens there", async () => {
    const closed = await tcp(() => undefined);
    await closed.stop();
    const connection = await dial();
    const error = await failure(connection.channel("127.0.0.1", closed.port));
    expect(error.message).toContain(`127.0.0.1:${closed.port}`);
  });

  test("a process that holds an idle connection can end", async () => {
    const code = `
      const { shared } = require("./ssh/shared");
      shared(JSON.parse(process.argv[1])).then((c) => c.exec("echo done")).then((r) => process.stdout.write(r.stdout));`;
    const started = Date.now();
    const { output } = await command(process.execPath, [
      "-r",
      "./register.js",
      "-e",
      code,
      JSON.stringify(targetOf(server)),
    ]);
    expect(output).toBe("done\n");
    expect(Date.now() - started).toBeLessThan(10_000);
  });
});

describe("by way of a jump host", () => {
  test("both host keys are compared, the target's login goes to the target only", async () => {
    const far = await machine(home.path);
    const connection = await dial({ ...targetOf(far), jump: targetOf(server) });
    await expect(connection.exec("echo far")).resolves.toMatchObject({ stdout: "far\n" });
    expect(server.counters).toMatchObject({ logins: 1, forwards: 1, commands: [] });
    expect(far.counters).toMatchObject({ logins: 1, commands: ["echo far"] });

    const other = keyPair("somebody else", "other").publicKey;
    const jumpWrong = await failure(
      dial({ ...targetOf(far), jump: { ...targetOf(server), hostKey: other } }),
    );
    expect(jumpWrong.message).toContain("sshJumpHostKey");
    const before = { ...far.counters };
    const targetWrong = await failure(
      dial({ ...targetOf(far), hostKey: other, jump: targetOf(server) }),
    );
    expect(targetWrong).toMatchObject({ kind: "host-key" });
    expect(far.counters.authentications).toBe(before.authentications);
    const unpinned = await failure(
      dial({ ...targetOf(far), jump: { ...targetOf(server), hostKey: " " } }),
    );
    expect(unpinned.message).toContain("sshJumpHostKey is not set");
    await far.stop();
  });

  test("a target that the jump host cannot reach", async () => {
    const closed = await tcp(() => undefined);
    await closed.stop();
    const error = await failure(dial({ port: closed.port, jump: targetOf(server) }));
    expect(error.message).toContain(`the jump host hermes-admin@127.0.0.1:${server.port}`);
  });
});

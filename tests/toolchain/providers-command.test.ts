// The stand-in for the plugin `command`, over gRPC, against a real SSH server.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import type { AddressInfo } from "node:net";
import { Server } from "ssh2";

import { hostKeyPair, keyPair, startSshServer, type SshServer } from "../../sandbox/ssh";
import { hasSshd, startSshd, user as opener, type Sshd } from "../provider/support/sshd";
import { type Json, Plugin, messageOf, secret, UNKNOWN, type Props } from "./plugin";

const type = "command:remote:Command";
const plugin = new Plugin("command");
const home = fs.mkdtempSync(path.join(os.tmpdir(), "provider-command-home-"));
let ssh: SshServer;
let jump: SshServer;

beforeAll(async () => {
  ssh = await startSshServer({ home });
  jump = await startSshServer({ home, user: "jump", hostKey: keyPair("another", "jump") });
  await plugin.start();
  await plugin.handshake();
  await plugin.configure("command", {});
});
afterAll(async () => {
  await Promise.all([plugin.stop(), ssh?.stop(), jump?.stop()]);
  fs.rmSync(home, { recursive: true, force: true });
});
beforeEach(() => {
  ssh.resetCounters();
  jump.resetCounters();
  plugin.logs.length = 0;
});

function connection(change: Props = {}): Props {
  const { host, port, user, privateKey, hostKey } = ssh;
  return { host, port, user, privateKey, hostKey, dialErrorLimit: 0, ...change };
}

/** Checks and creates, as the engine does. */
async function run(inputs: Props): Promise<{ id: string; inputs: Props; state: Props }> {
  const checked = await plugin.check(type, { connection: connection(), ...inputs });
  expect(checked.failures).toEqual([]);
  return { inputs: checked.inputs, ...(await plugin.create(type, checked.inputs)) };
}

test("a command is run, with its outputs, and the connection comes back as a secret", async () => {
  const made = await run({ create: "echo out; echo err >&2", triggers: ["a"] });
  expect(made.id).toMatch(/^thing[0-9a-f]{8}$/);
  const given = connection() as Record<string, Json>;
  // Marked within too: without it each switch to the official plugin is an update of nothing.
  const whole = { ...given, privateKey: secret(given["privateKey"] ?? null), perDialTimeout: 15 };
  expect(made.state).toEqual({
    create: "echo out; echo err >&2",
    triggers: ["a"],
    connection: secret(whole),
    stdout: "out",
    stderr: "err",
  });
  expect(ssh.counters).toMatchObject({
    connections: 1,
    logins: 1,
    commands: ["echo out; echo err >&2"],
  });
});

test("defaults of the connection are filled in", async () => {
  const { inputs } = await plugin.check(type, { connection: { host: "h", proxy: { host: "p" } } });
  const defaults = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };
  expect(inputs["connection"]).toEqual(
    secret({ host: "h", ...defaults, proxy: { host: "p", ...defaults } }),
  );
});

test("what is no connection is refused by property", async () => {
  const { failures } = await plugin.check(type, {
    connection: { port: "x", hostkey: "k" },
    logging: "all",
  });
  expect(failures).toEqual([
    "Missing required property 'host'",
    "it must be a number",
    "Unrecognized property",
    'it must be one of stdout, stderr, stdoutAndStderr, none, and is "all"',
  ]);
});

test("standard input is passed on, and never shows on the command line", async () => {
  const { state } = await run({ create: "cat", stdin: "from stdin\n" });
  expect(state["stdout"]).toBe("from stdin");
  expect(ssh.counters.commands).toEqual(["cat"]);
});

test("a command that is not given is not run: nothing is dialled", async () => {
  const { state } = await run({ delete: "echo bye" });
  expect(state).toMatchObject({ stdout: "", stderr: "" });
  expect(ssh.counters.connections).toBe(0);
});

test("update runs update, or create without one; delete runs delete", async () => {
  const made = await run({ create: "echo one", update: "echo two $LC_WORD", delete: "echo gone" });
  const news = { ...made.inputs, environment: { LC_WORD: "x" } };
  const state = await plugin.update(type, made.id, made, news);
  expect(state["stdout"]).toBe("two x");
  await plugin.delete(type, made.id, { inputs: news, state });
  expect(ssh.counters.commands).toEqual(["echo one", "echo two $LC_WORD", "echo gone"]);

  const plain = await run({ create: "echo again" });
  await plugin.update(type, plain.id, plain, { ...plain.inputs, stdin: "x" });
  expect(ssh.counters.commands.filter((command) => command === "echo again")).toHaveLength(2);
});

test("the last output is in the environment, unless addPreviousOutputInEnv is false", async () => {
  const sent: Record<string, string> = {};
  const server = new Server({ hostKeys: [hostKeyPair().privateKey] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (request) => request.accept());
    client.on("session", (accept) => {
      const session = accept();
      session.on("env", (_accept, _reject, { key, val }) => (sent[key] = val));
      session.on("exec", (start) => {
        const channel = start();
        channel.exit(0);
        channel.end();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const inputs = { connection: connection({ port }), create: "x" };
  const state = { ...inputs, stdout: "one", stderr: "oops" };
  await plugin.update(type, "id", { inputs, state }, { ...inputs, update: "y" });
  expect(sent).toEqual({ PULUMI_COMMAND_STDOUT: "one", PULUMI_COMMAND_STDERR: "oops" });
  delete sent["PULUMI_COMMAND_STDOUT"];
  delete sent["PULUMI_COMMAND_STDERR"];
  const news = { ...inputs, update: "y", addPreviousOutputInEnv: false };
  await plugin.update(type, "id", { inputs, state }, news);
  expect(sent).toEqual({});
  await new Promise((resolve) => server.close(resolve));
});

test("a changed trigger is told as any other change", async () => {
  const olds = await run({ create: "true", triggers: ["a", "b"] });
  expect(await plugin.diff(type, olds.id, olds, { ...olds.inputs, triggers: ["a", "c"] })).toEqual({
    changes: "some",
    names: ["triggers"],
    detail: { "triggers[1]": "UPDATE" },
    replaces: [], // the SDK asks for that
    deleteFirst: false,
  });
  const moved = { ...olds.inputs, connection: { ...connection({ port: 1 }), perDialTimeout: 15 } };
  expect(await plugin.diff(type, olds.id, olds, { ...moved, create: "false" })).toMatchObject({
    detail: { create: "UPDATE", "connection.port": "UPDATE" },
    replaces: [],
  });
  expect(await plugin.diff(type, olds.id, olds, olds.inputs)).toMatchObject({ changes: "none" });
  expect(
    await plugin.diff(type, olds.id, olds, { ...olds.inputs, triggers: ["a", UNKNOWN] }),
  ).toMatchObject({
    detail: { "triggers[1]": "UPDATE" },
  });
});

test("a preview and a refresh dial nobody", async () => {
  const made = await run({ create: "echo one" });
  ssh.resetCounters();
  const preview = await plugin.create(type, made.inputs, true);
  expect(preview).toMatchObject({
    id: expect.stringMatching(/^thing[0-9a-f]{8}$/),
    state: { stdout: UNKNOWN, stderr: UNKNOWN },
  });
  const changed = await plugin.update(type, made.id, made, { ...made.inputs, create: "x" }, true);
  expect(changed["stdout"]).toBe(UNKNOWN);
  expect(await plugin.read(type, made.id, made)).toEqual(made);
  expect(ssh.counters.connections).toBe(0);
});

test("output is shown while the command runs, unless logging says no", async () => {
  await run({ create: "echo shown; echo too >&2" });
  expect(
    plugin.logs
      .filter(({ ephemeral }) => ephemeral)
      .map(({ message }) => message)
      .sort(),
  ).toEqual(["shown", "too"]);
  plugin.logs.length = 0;
  await run({ create: "echo hidden", logging: "none" });
  await run({ create: "echo hidden; echo seen >&2", logging: "stderr" });
  expect(plugin.logs.map(({ message }) => message)).toEqual(["seen"]);
});

test("a command that fails is quoted with its output", async () => {
  const message = await messageOf(run({ create: "echo half; echo why >&2; exit 3" }));
  expect(message).toMatch(
    /^Process exited with status 3: running "echo half; echo why >&2; exit 3":\n/,
  );
  expect(message).toContain("half\n");
  expect(message).toContain("why\n");
});

test("another host key is refused before anything is told to the host", async () => {
  const hostKey = keyPair("nobody", "x").publicKey;
  const message = await messageOf(run({ create: "true", connection: connection({ hostKey }) }));
  expect(message).toContain("ssh: host key mismatch");
  expect(message).not.toContain("PRIVATE KEY");
  expect(ssh.counters).toMatchObject({ authentications: 0, logins: 0, commands: [] });
});

test("a key that is not let in, a key that is none and a port that is closed are told apart", async () => {
  const { privateKey } = keyPair("stranger", "x");
  expect(
    await messageOf(run({ create: "true", connection: connection({ privateKey }) })),
  ).toContain("unable to authenticate");
  const nonsense = connection({ privateKey: "no key at all" });
  const message = await messageOf(run({ create: "true", connection: nonsense }));
  expect(message).toContain("the private key cannot be read");
  expect(message).not.toContain("no key at all");
  expect(
    await messageOf(run({ create: "true", connection: connection({ hostKey: "what" }) })),
  ).toContain("failed to parse host key");
  expect(await messageOf(run({ create: "true", connection: connection({ port: 1 }) }))).toContain(
    "connection refused",
  );
});

test("a dial that fails is repeated as often as dialErrorLimit says", async () => {
  ssh.setPolicies({ fault: { at: "dial", kind: "drop", times: 2 } });
  const { state } = await run({ create: "echo in", connection: connection({ dialErrorLimit: 3 }) });
  expect(state["stdout"]).toBe("in");
  expect(plugin.logs.map(({ message }) => message)).toEqual(
    expect.arrayContaining(["Dial 1/3 failed: retrying", "Dial 2/3 failed: retrying"]),
  );
  ssh.setPolicies({ fault: { at: "dial", kind: "drop" } });
  const message = await messageOf(
    run({ create: "true", connection: connection({ dialErrorLimit: 2 }) }),
  );
  ssh.setPolicies({ fault: null });
  expect(message).toMatch(/^after 2 failed attempts: /);
});

test("a host that says nothing is given up after perDialTimeout", async () => {
  ssh.setPolicies({ fault: { at: "kex", kind: "stall" } });
  const began = Date.now();
  const message = await messageOf(
    run({ create: "true", connection: connection({ perDialTimeout: 1 }) }),
  );
  ssh.setPolicies({ fault: null });
  expect(message).toContain("i/o timeout");
  expect(Date.now() - began).toBeLessThan(4_000);
});

test("a host behind a proxy is reached through it, each by its own key", async () => {
  const { host, port, privateKey, hostKey } = jump;
  const proxy = { host, port, user: "jump", privateKey, hostKey };
  const { state } = await run({ create: "echo far", connection: connection({ proxy }) });
  expect(state["stdout"]).toBe("far");
  expect(jump.counters).toMatchObject({ logins: 1, forwards: 1, commands: [] });
  expect(ssh.counters).toMatchObject({ logins: 1, commands: ["echo far"] });

  const wrong = { ...proxy, hostKey: ssh.hostKey, dialErrorLimit: 0 };
  const message = await messageOf(
    run({ create: "true", connection: connection({ proxy: wrong }) }),
  );
  expect(message).toMatch(/^proxy: .*host key mismatch/);
});

test("a connection that breaks is a failure, not a success with half the output", async () => {
  ssh.setPolicies({ fault: { at: "exec-done", kind: "drop" } });
  const message = await messageOf(run({ create: "echo half" }));
  ssh.setPolicies({ fault: null });
  expect(message).toContain("exited without exit status");
});

test("Cancel ends what is under way and leaves the plugin running", async () => {
  const other = new Plugin("command");
  await other.start();
  const { inputs } = await other.check(type, { connection: connection(), create: "sleep 60" });
  const going = messageOf(other.create(type, inputs));
  while (ssh.counters.commands.length === 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await other.cancel();
  expect(await going).toContain("the run was cancelled");
  expect((await other.check(type, inputs)).failures).toEqual([]);
  await other.stop();
});

(hasSshd ? describe : describe.skip)("OpenSSH's own server", () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd(home, ["AcceptEnv FIRST"]);
  });
  afterAll(() => sshd?.stop());
  const to = (change: Props = {}): Props => {
    const { privateKey } = opener;
    const hostKey = sshd.hostKeys.ed25519;
    return {
      host: "127.0.0.1",
      port: sshd.port,
      user: sshd.user,
      privateKey,
      hostKey,
      dialErrorLimit: 0,
      ...change,
    };
  };

  test.each(["ed25519", "ecdsa", "rsa"] as const)(
    "its %s key is enough to know it by",
    async (kind) => {
      const hostKey = sshd.hostKeys[kind];
      const { state } = await run({ create: "echo known", connection: to({ hostKey }) });
      expect(state["stdout"]).toBe("known");
    },
  );

  test("another key is refused before a name is told to it", async () => {
    const hostKey = keyPair("nobody", "x").publicKey;
    const before = sshd.log().length;
    const message = await messageOf(run({ create: "true", connection: to({ hostKey }) }));
    expect(message).toContain("host key mismatch");
    expect(sshd.log().slice(before)).not.toContain("userauth-request");
  });

  test("input, environment, output and exit code are passed on", async () => {
    const create = 'cat; echo "$FIRST" >&2';
    const { state } = await run({
      create,
      stdin: "in",
      environment: { FIRST: "1" },
      connection: to(),
    });
    expect(state).toMatchObject({ stdout: "in", stderr: expect.stringMatching(/^1$/m) as string });
    expect(await messageOf(run({ create: "exit 7", connection: to() }))).toContain(
      "Process exited with status 7",
    );
    expect(await messageOf(run({ create: "kill -TERM $$", connection: to() }))).toContain(
      "from signal TERM",
    );
  });
});

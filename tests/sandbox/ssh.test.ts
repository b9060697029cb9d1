import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type ClientChannel, type ConnectConfig } from "ssh2";
import { keyPair, type SshServer, startSshServer } from "../../sandbox/ssh";

jest.setTimeout(30_000);

let folder: string;
let ssh: SshServer;
let echo: Server;
let echoPort: number;
const clients: Client[] = [];

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "sandbox-ssh-")));
  mkdirSync(join(folder, "opt/immich"), { recursive: true });
  echo = createServer((socket) => socket.pipe(socket).on("error", () => undefined));
  await new Promise<void>((done) => echo.listen(0, "127.0.0.1", done));
  const address = echo.address();
  echoPort = typeof address === "object" && address !== null ? address.port : 0;
});

beforeEach(async () => {
  ssh = await startSshServer({ home: folder, environment: { MARK: "from the sandbox" } });
});

afterEach(async () => {
  clients.splice(0).forEach((client) => client.destroy());
  await ssh.stop();
});

afterAll(async () => {
  await new Promise((done) => echo.close(done));
  rmSync(folder, { recursive: true, force: true });
});

function connect(change: ConnectConfig = {}): Promise<Client> {
  const client = new Client();
  client.setMaxListeners(0);
  clients.push(client);
  return new Promise((done, fail) => {
    client.on("ready", () => done(client));
    client.on("error", fail);
    client.on("close", () => fail(new Error("closed")));
    client.connect({
      host: ssh.host,
      port: ssh.port,
      username: ssh.user,
      privateKey: ssh.privateKey,
      hostVerifier: (key: Buffer) => key.toString("base64") === ssh.hostKey.split(" ")[1],
      readyTimeout: 1000,
      ...change,
    });
  });
}

function exec(client: Client, command: string, stdin = ""): Promise<object> {
  return new Promise((done, fail) => {
    client.on("close", () => fail(new Error("closed")));
    client.exec(command, (error, channel) => {
      if (error) return fail(error);
      let stdout = "";
      let stderr = "";
      let exit: object = {};
      channel.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      channel.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      channel.on(
        "exit",
        (code: number | null, signal?: string) => (exit = code === null ? { signal } : { code }),
      );
      channel.on("close", () => done({ ...exit, stdout, stderr }));
      channel.end(stdin);
    });
  });
}

function forward(client: Client, port: number, host = "127.0.0.1"): Promise<ClientChannel> {
  return new Promise((done, fail) => {
    client.on("close", () => fail(new Error("closed")));
    client.forwardOut("127.0.0.1", 0, host, port, (error, channel) =>
      error ? fail(error) : done(channel),
    );
  });
}

function ask(channel: ClientChannel, text: string): Promise<string> {
  return new Promise((done, fail) => {
    channel.once("data", (chunk: Buffer) => done(chunk.toString()));
    channel.once("close", () => fail(new Error("channel closed")));
    channel.write(text);
  });
}

const within = <T>(milliseconds: number, promise: Promise<T>): Promise<T | "nothing"> =>
  Promise.race([
    promise,
    new Promise<"nothing">((done) => setTimeout(() => done("nothing"), milliseconds)),
  ]);

describe("keys", () => {
  test("belong to their text", () => {
    expect(keyPair("host key", "a")).toEqual(keyPair("host key", "a"));
    expect(keyPair("host key", "a").publicKey).not.toBe(keyPair("user key", "a").publicKey);
    expect(ssh.hostKey).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]{68} sandbox-host$/);
  });
});

describe("commands", () => {
  test("run in a real shell, with stdin, both outputs and the exit code", async () => {
    const client = await connect();
    expect(await exec(client, 'cat; pwd; echo "$MARK" >&2; exit 3', "hello\n")).toEqual({
      code: 3,
      stdout: `hello\n${folder}\n`,
      stderr: "from the sandbox\n",
    });
  });

  test("see /opt/immich as the machine's own", async () => {
    const client = await connect();
    expect(await exec(client, "cd /opt/immich && pwd")).toMatchObject({
      code: 0,
      stdout: `${folder}/opt/immich\n`,
    });
    expect(await exec(client, "cd /opt/other")).toMatchObject({ stdout: "" });
  });

  test("tell the signal that ended them, and take one from the client", async () => {
    const client = await connect();
    expect(await exec(client, "kill -TERM $$")).toMatchObject({ signal: "SIGTERM" });
    const ended = new Promise((done, fail) => {
      client.exec("echo started; exec sleep 60", (error, channel) => {
        if (error) return fail(error);
        channel.once("data", () => channel.signal("TERM"));
        channel.on("exit", (_code: number | null, signal?: string) => done(signal));
      });
    });
    expect(await ended).toBe("SIGTERM");
  });

  test("see nothing of the environment of the sandbox's own process", async () => {
    process.env["SANDBOX_TEST_SECRET"] = "canary";
    try {
      const client = await connect();
      expect(JSON.stringify(await exec(client, "env"))).not.toContain("canary");
    } finally {
      delete process.env["SANDBOX_TEST_SECRET"];
    }
  });
});

describe("logging in", () => {
  test("a client that refuses the host key never gets to offer its own", async () => {
    await expect(connect({ hostVerifier: () => false })).rejects.toThrow(/verification failed/);
    expect(ssh.counters).toMatchObject({ connections: 1, authentications: 0, logins: 0 });
  });

  test.each<[string, () => ConnectConfig]>([
    ["another key", () => ({ privateKey: keyPair("somebody else", "x").privateKey })],
    ["another user", () => ({ username: "root" })],
    ["a password", () => ({ privateKey: undefined, password: "hermes" })],
  ])("%s is refused", async (_what, change) => {
    await expect(connect(change())).rejects.toThrow(/authentication methods failed/);
    expect(ssh.counters.logins).toBe(0);
  });

  test("acceptKeys false refuses the right key too", async () => {
    ssh.setPolicies({ acceptKeys: false });
    await expect(connect()).rejects.toThrow(/authentication methods failed/);
  });
});

describe("forwarding", () => {
  test("carries many channels over one connection", async () => {
    const client = await connect();
    const channels = await Promise.all(Array.from({ length: 12 }, () => forward(client, echoPort)));
    const answers = await Promise.all(channels.map((channel, n) => ask(channel, `hello ${n}`)));
    expect(answers).toEqual(channels.map((_channel, n) => `hello ${n}`));
    expect(ssh.counters).toMatchObject({ connections: 1, logins: 1, forwards: 12 });
  });

  test("says CHANNEL_EOF alone when the far end closes, as sshd; CHANNEL_CLOSE after a write or an end", async () => {
    const once = (channel: ClientChannel, event: string) =>
      new Promise<void>((done) => channel.once(event, () => done()));
    const client = await connect();
    for (const answer of [
      (channel: ClientChannel) => channel.end(),
      (channel: ClientChannel) => {
        const writing = setInterval(() => channel.write("x"), 20);
        channel.once("close", () => clearInterval(writing));
      },
    ]) {
      const far = createServer((socket) => {
        socket.on("error", () => undefined).end("bye", () => socket.destroy());
      });
      await new Promise<void>((done) => far.listen(0, "127.0.0.1", done));
      const { port } = far.address() as AddressInfo;
      const channel = await forward(client, port);
      let isClosed = false;
      channel.on("close", () => (isClosed = true)).resume();
      await once(channel, "end");
      await exec(client, "sleep 0.2"); // what was sent before its answer has arrived by then
      expect(isClosed).toBe(false);
      const closed = once(channel, "close");
      answer(channel);
      await closed;
      await new Promise((done) => far.close(done));
    }
  });

  test("is prohibited with AllowTcpForwarding no, also on a connection that is open", async () => {
    const client = await connect();
    ssh.setPolicies({ tcpForwarding: false });
    await expect(forward(client, echoPort)).rejects.toMatchObject({ reason: 1 });
    ssh.setPolicies({ tcpForwarding: true });
    expect(await ask(await forward(client, echoPort), "again")).toBe("again");
  });

  test("fails as sshd's does where nobody listens, and for addresses that aren't loopback", async () => {
    const client = await connect();
    await expect(forward(client, 1)).rejects.toMatchObject({ reason: 2 });
    await expect(forward(client, 80, "192.0.2.1")).rejects.toMatchObject({ reason: 2 });
  });
});

describe("faults", () => {
  test.each(["dial", "banner", "kex", "auth"] as const)("drop at %s, once", async (at) => {
    ssh.setPolicies({ fault: { at, kind: "drop", times: 1 } });
    await expect(connect()).rejects.toThrow();
    await ssh.faultStruck();
    expect(ssh.counters.logins).toBe(0);
    await connect();
    expect(ssh.faultsStruck()).toBe(1);
  });

  test.each(["dial", "banner", "kex", "auth"] as const)("stall at %s", async (at) => {
    ssh.setPolicies({ fault: { at, kind: "stall" } });
    await expect(connect({ readyTimeout: 200 })).rejects.toThrow(/Timed out/);
    expect(ssh.faultsStruck()).toBe(1);
  });

  test("drop and stall when a channel is asked for", async () => {
    const first = await connect();
    ssh.setPolicies({ fault: { at: "channel", kind: "stall", times: 1 } });
    expect(await within(150, forward(first, echoPort))).toBe("nothing");
    ssh.setPolicies({ fault: { at: "channel", kind: "drop" } });
    await expect(forward(await connect(), echoPort)).rejects.toThrow();
  });

  test("drop before a command runs, and after it ran", async () => {
    ssh.setPolicies({ fault: { at: "exec", kind: "drop", text: "touch", times: 1 } });
    await expect(exec(await connect(), "touch ran")).rejects.toThrow("closed");
    expect(await exec(await connect(), "ls ran")).toMatchObject({ stdout: "" });
    ssh.setPolicies({ fault: { at: "exec-done", kind: "drop", text: "touch" } });
    await expect(exec(await connect(), "touch ran")).rejects.toThrow("closed");
    expect(await exec(await connect(), "ls ran && rm ran")).toMatchObject({ stdout: "ran\n" });
  });

  test("withhold a chosen message, or only the answer to it", async () => {
    const client = await connect();
    ssh.setPolicies({ fault: { at: "forward", kind: "stall", text: "COMMIT" } });
    const undelivered = await forward(client, echoPort);
    expect(await ask(undelivered, "BEGIN")).toBe("BEGIN");
    expect(await within(150, ask(undelivered, "COMMIT"))).toBe("nothing");

    ssh.setPolicies({ fault: { at: "forward-answer", kind: "drop", exchange: 2 } });
    const unanswered = await forward(client, echoPort);
    expect(await ask(unanswered, "one")).toBe("one");
    await expect(ask(unanswered, "two")).rejects.toThrow();
  });

  test("drop after so many bytes", async () => {
    const client = await connect();
    const channel = await forward(client, echoPort);
    ssh.setPolicies({ fault: { at: "bytes", kind: "drop", bytes: 20_000 } });
    const closed = new Promise<void>((done) => client.once("close", () => done()));
    expect(await ask(channel, "x".repeat(64))).toHaveLength(64);
    channel.write("y".repeat(32_000));
    await closed;
    expect(ssh.faultsStruck()).toBe(1);
  });
});

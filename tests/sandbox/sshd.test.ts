import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "ssh2";
import { type Sshd, type SshdOptions, sshdProgram, startSshd } from "../../sandbox/sshd";

const withSshd = sshdProgram() === undefined ? describe.skip : describe;

withSshd("OpenSSH's server", () => {
  let home: string;
  let sshd: Sshd;
  let client: Client;

  const start = async (options: Partial<SshdOptions> = {}): Promise<void> => {
    sshd = await startSshd({ folder: join(home, "sshd"), home, ...options });
    client = await new Promise<Client>((done, fail) => {
      const dialled = new Client();
      dialled.on("ready", () => done(dialled)).on("error", fail);
      dialled.connect({
        host: sshd.host,
        port: sshd.port,
        username: sshd.user,
        privateKey: sshd.privateKey,
        hostVerifier: (key: Buffer) => key.toString("base64") === sshd.hostKey.split(" ")[1],
      });
    });
  };

  beforeEach(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), "sandbox-sshd-")));
    mkdirSync(join(home, "opt/immich"), { recursive: true });
  });

  afterEach(async () => {
    client.end();
    await sshd.stop();
    expect(existsSync(join(home, "sshd"))).toBe(false);
    rmSync(home, { recursive: true, force: true });
  });

  const run = (command: string): Promise<string> =>
    new Promise((done, fail) => {
      client.exec(command, (error, channel) => {
        if (error) return fail(error);
        let text = "";
        channel.on("data", (chunk: Buffer) => (text += chunk.toString()));
        channel.on("exit", (code: number) => done(`${text}exit ${code}`));
      });
    });

  const forward = (port: number): Promise<string> =>
    new Promise((done, fail) => {
      client.forwardOut("127.0.0.1", 0, "127.0.0.1", port, (error, channel) => {
        if (error) return fail(error);
        channel.once("data", (chunk: Buffer) => {
          channel.end();
          done(chunk.toString());
        });
        channel.write("ping");
      });
    });

  test("runs commands in the sandbox's surroundings", async () => {
    await start({ environment: { MARK: "here" } });
    expect(await run('cd /opt/immich && pwd && echo "$MARK" && exit 4')).toBe(
      `${home}/opt/immich\nhere\nexit 4`,
    );
    expect(sshd.log()).toMatch(/Accepted publickey for/);
  });

  test("forwards, unless AllowTcpForwarding says no", async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((done) => echo.listen(0, "127.0.0.1", done));
    const address = echo.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      await start();
      expect(await forward(port)).toBe("ping");
      client.end();
      await sshd.stop();
      await start({ tcpForwarding: false });
      await expect(forward(port)).rejects.toMatchObject({ reason: 1 });
    } finally {
      echo.close();
    }
  });
});

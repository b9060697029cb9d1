/** Somebody else on this machine listens on the tunnel's port, whatever command is run: they get nothing. */
import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

import { newIdentity } from "../../provider/tunnel/certificate";
import { startLab, type Lab } from "./lab";

jest.setTimeout(400_000);

let lab: Lab;
let port: number;
let password: string;
let heard: Buffer[] = [];
let stranger: Server;

beforeAll(async () => {
  lab = await startLab();
  await lab.up();
  const state = JSON.parse(await lab.project.ok("stack", "export", "--show-secrets"));
  const { inputs } = state.deployment.resources.find(
    ({ type }: { type: string }) => type === "pulumi:providers:immich",
  );
  port = Number(inputs.tunnelPort);
  password = JSON.parse(inputs.postgresPassword.plaintext);
  expect(password).toBeTruthy();
  stranger = await listen();
});
afterAll(async () => {
  await new Promise((done) => (stranger ? stranger.close(done) : done(undefined)));
  await lab?.stop();
});

/** PostgreSQL's ways of asking for a password (AuthenticationCleartextPassword, MD5Password, SASL). */
const ASKS = [
  Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]),
  Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4]),
  Buffer.concat([
    Buffer.from([0x52, 0, 0, 0, 23, 0, 0, 0, 10]),
    Buffer.from("SCRAM-SHA-256\0\0", "latin1"),
  ]),
];

/** Without TLS, or with a certificate of the stranger's own; asks in another way each time. */
function listen(): Promise<Server> {
  let visits = 0;
  const { key, certificate } = newIdentity();
  const ask = (socket: Socket, answer: Buffer) => {
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      heard.push(data);
      socket.write(answer);
    });
  };
  const server = createServer((socket) => {
    const visit = visits++;
    const answer = ASKS[visit % ASKS.length] ?? Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.once("data", (first) => {
      heard.push(first);
      if (visit % 2 === 0) {
        socket.write("N");
        return ask(socket, answer);
      }
      socket.write("S");
      const secure = new TLSSocket(socket, { isServer: true, key, cert: certificate });
      ask(secure, answer);
    });
  });
  return new Promise((done) => server.listen(port, "127.0.0.1", () => done(server)));
}

const PLAIN = [
  ["preview"],
  ["preview", "--refresh"],
  ["refresh", "--preview-only"],
  ["refresh", "--yes", "--skip-preview"],
  ["up", "--yes", "--skip-preview"],
  ["up", "--yes", "--refresh"],
  ["destroy", "--yes", "--skip-preview"],
  ["destroy", "--yes", "--skip-preview", "--refresh"],
];
const FORMS = [
  ...PLAIN,
  ...PLAIN.filter(([command]) => command !== "up").map((form) => [...form, "--run-program"]),
].filter((form) => form.join(" ") !== "preview --run-program");

test.each(FORMS.map((form) => [form.join(" "), form] as const))("pulumi %s", async (_, form) => {
  heard = [];
  const { code, stdout, stderr } = await lab.project.run(...form);
  const text = stdout + stderr;
  expect(code).not.toBe(0);
  expect(text).toContain(`can't listen on 127.0.0.1:${port}: the port is taken by another program`);
  expect(text).toContain("npx pulumi config set tunnelPort");
  const all = Buffer.concat(heard).toString("latin1");
  expect(all).not.toContain(password);
  // Not so much as a login name: nobody went past the question for TLS.
  expect(all).not.toContain("postgres");
});

test("once they are gone, all goes on", async () => {
  await new Promise((done) => stranger.close(done));
  await lab.up("--refresh");
  await lab.project.ok("destroy", "--yes", "--skip-preview");
});

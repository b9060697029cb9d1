// The stand-in for the plugin `postgresql`, cancelled while a server lets it wait.
import * as net from "node:net";

import { messageOf, Plugin } from "./plugin";

const role = "postgresql:index/role:Role";
const plugin = new Plugin("postgresql");
let server: net.Server;
let asked: Promise<void>;

beforeAll(async () => {
  // It takes connections, never answers, and closes those that the client closes.
  server = net.createServer((socket) => socket.on("error", () => {}).resume());
  asked = new Promise((resolve) => server.once("connection", () => resolve()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await plugin.start();
  await plugin.handshake();
}, 60_000);
afterAll(async () => {
  await plugin.stop();
  server.close();
});

test("Cancel ends what is still connecting", async () => {
  const { port } = server.address() as net.AddressInfo;
  await plugin.configure("postgresql", {
    ...{ host: "127.0.0.1", port: String(port), sslmode: "disable", connectTimeout: "600" },
    ...{ username: "postgres", password: "p", database: "immich" },
  });
  const { inputs } = await plugin.check(role, { name: "late" });
  const going = messageOf(plugin.create(role, inputs));
  await asked;
  await plugin.cancel();
  expect(await going).toContain("the run was cancelled");
}, 60_000);

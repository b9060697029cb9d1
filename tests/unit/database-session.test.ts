// A session with PostgreSQL whose other side goes away without a word.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

import { openDatabase } from "../../immich/database";

/** Just enough of PostgreSQL to log in to: AuthenticationOk and ReadyForQuery. */
const welcome = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

test("the end of a stream that stays half open is the end of the session, also under a query", async () => {
  let far: Socket | undefined;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    far = socket.on("error", () => undefined);
    socket.once("data", () => socket.write(welcome));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const stream = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  await once(stream, "connect");
  const login = { database: "immich", user: "postgres", password: "x", where: "immich at a@h" };
  const session = await openDatabase(stream, login);
  const query = session.query("SELECT 1").then(
    () => "answered",
    (error: Error) => error.message,
  );
  far?.end(); // and its own half stays open, as a channel of sshd does
  expect(await query).toMatch(/terminated/);
  expect(session.lost).toBeDefined();
  await session.end();
  far?.destroy();
  await new Promise((done) => server.close(done));
});

import { connect, createServer, type Server } from "node:net";
import { ephemeralRange, freePorts, isFree, reservedWith } from "../../sandbox/freePort";
import { choosePorts } from "../../sandbox/homelab/ports";

const outside = (port: number): boolean => port < ephemeralRange()[0] || port > ephemeralRange()[1];

function listen(port: number): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer().once("error", fail);
    server.listen(port, "127.0.0.1", () => done(server));
  });
}

test("port base 0 takes five different ports that no outgoing connection is given", async () => {
  for (let round = 0; round < 20; round += 1) {
    const ports = Object.values(await choosePorts(0));
    expect(new Set(ports).size).toBe(5);
    expect(ports.filter((port) => !outside(port))).toEqual([]);
  }
});

test("the kernel gives outgoing connections ports of the range that is stayed out of", async () => {
  const server = await listen(0);
  const { port } = server.address() as { port: number };
  const locals = await Promise.all(
    Array.from({ length: 50 }, () => {
      return new Promise<number>((done) => {
        const socket = connect(port, "127.0.0.1", () => {
          done(socket.localPort ?? 0);
          socket.destroy();
        });
      });
    }),
  );
  server.close();
  expect(locals.filter(outside)).toEqual([]);
});

test("sandboxes that look for ports at the same time find different ones", async () => {
  const chosen = await Promise.all(Array.from({ length: 8 }, () => choosePorts(0)));
  const tunnels = chosen.map(({ tunnel }) => tunnel);
  // Eight of some 27 000 places: two meet once in a thousand runs, half of them never.
  expect(new Set(tunnels).size).toBeGreaterThan(4);
});

test("the tunnel's port is nobody else's while its sandbox's SSH server listens", async () => {
  const { ssh, tunnel } = await choosePorts(0);
  expect(tunnel).toBe(reservedWith(ssh));
  // One pair is left to choose from; who listens on the first has both.
  const last: [number, number] = [10_000, 65_533];
  expect(await freePorts(1, last)).toEqual([65_534]);
  const server = await listen(65_534);
  try {
    expect(await isFree(reservedWith(65_534))).toBe(true);
    await expect(freePorts(1, last)).rejects.toThrow(/Fewer than 1/);
  } finally {
    server.close();
  }
  const given = await freePorts(100);
  expect(given.filter((port) => port % 2 === 1)).toEqual([]);
});

test("a port on which somebody listens is left out", async () => {
  const server = await listen(65_535);
  try {
    expect(await isFree(65_535)).toBe(false);
    // Two pairs are outside; of the last one a port is taken, wherever the search starts.
    for (let round = 0; round < 10; round += 1) {
      expect(await freePorts(1, [10_000, 65_531])).toEqual([65_532]);
    }
  } finally {
    server.close();
  }
});

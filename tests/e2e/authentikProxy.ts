/** Stands before Authentik's API and keeps an answer to itself, so that a test can act in between. */
import { createServer, request } from "node:http";

export interface AuthentikProxy {
  readonly url: string;
  /** Withholds the answer to the next request with this method and path. Resolves when Authentik has given it. */
  withhold(method: string, path: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startAuthentikProxy(authentik: string): Promise<AuthentikProxy> {
  let trap: { method: string; path: string; caught: () => void } | undefined;
  const server = createServer((asked, answer) => {
    const options = { method: asked.method, headers: asked.headers };
    const passed = request(`${authentik}${asked.url}`, options, (reply) => {
      const path = asked.url?.split("?")[0];
      if (trap && asked.method === trap.method && path === trap.path) {
        trap.caught();
        trap = undefined;
        reply.resume();
        return;
      }
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    withhold: (method, path) => new Promise((caught) => (trap = { method, path, caught })),
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

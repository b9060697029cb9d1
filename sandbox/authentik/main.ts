/**
 * The sandbox's Authentik as a process of its own.
 *
 *     node -r ./register.js sandbox/authentik/main.ts '{"token":"…"}'
 *
 * The options may come in the environment variable SANDBOX_AUTHENTIK instead: a command line can be read
 * by everybody. Prints {"port":N} when it answers; ends on SIGTERM, SIGINT, or when its standard input is
 * closed, so that it never outlives who started it. Options: options.ts.
 */
import { parseOptions } from "./options";
import { startServer } from "./server";
import { saveState } from "./state";

async function main(): Promise<void> {
  const options = parseOptions(process.argv[2] ?? process.env["SANDBOX_AUTHENTIK"]);
  const { port, server, store } = await startServer(options);
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
    if (options.stateFile) saveState(store, options.stateFile);
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdin.once("end", stop).once("close", stop).resume();
  process.stdout.write(`${JSON.stringify({ port })}\n`);
}

main().catch((error: NodeJS.ErrnoException & { port?: number }) => {
  const why =
    error.code === "EADDRINUSE"
      ? `port ${error.port} of 127.0.0.1 is taken by another program; end that, or choose another port`
      : error.message;
  process.stderr.write(`The sandbox's Authentik did not start: ${why}\n`);
  process.exit(1);
});

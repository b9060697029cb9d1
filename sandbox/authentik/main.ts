/**
 * The sandbox's Authentik as a process of its own.
 *
 *     node -r ./register.js sandbox/authentik/main.ts '{"token":"…"}'
 *
 * The options may come in the environment variable SANDBOX_AUTHENTIK instead, where not everybody on the
 * machine can read them. Prints {"port":N} when it answers; ends on SIGTERM, SIGINT, or when its standard input is closed,
 * so that it never outlives who started it. Options: options.ts.
 */
import { parseOptions } from "./options";
import { startServer } from "./server";

async function main(): Promise<void> {
  const { port, server } = await startServer(
    parseOptions(process.argv[2] ?? process.env["SANDBOX_AUTHENTIK"]),
  );
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdin.once("end", stop).once("close", stop).resume();
  process.stdout.write(`${JSON.stringify({ port })}\n`);
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`The sandbox's Authentik did not start: ${message}\n`);
  process.exit(1);
});

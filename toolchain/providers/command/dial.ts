// SSH connections: the host's key is checked before anything is told to it, failed dials are repeated.

import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, ConnectConfig } from "ssh2";

import { ProviderError, type Session } from "../../../plugin/provider";
import type { Values } from "../../../plugin/wire";
import { pinOf, type Pin } from "./hostKey";

/** Between two dials, in milliseconds: more each time, like the official plugin. */
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** A connection, and how to end it with everything below it. */
export interface Dialled {
  readonly client: Client;
  close(): void;
}

/** Connects to a host, by way of its proxy if it has one. */
export async function dial(connection: Values, session: Session): Promise<Dialled> {
  const settings = await configOf(connection);
  const limit = Number(connection["dialErrorLimit"]);
  const proxy = connection["proxy"] as Values | undefined;
  if (!proxy) {
    const client = await retried("Dial", limit, session, () => once(settings, session));
    return { client, close: () => client.end() };
  }
  try {
    const through = await configOf(proxy);
    const first = await retried("Dial proxy", Number(proxy["dialErrorLimit"]), session, () =>
      once(through, session),
    );
    try {
      const client = await retried("Dial", limit, session, async () => {
        const sock = await forwarded(first, settings);
        return once({ ...settings, config: { ...settings.config, sock } }, session);
      });
      return {
        client,
        close: () => {
          client.end();
          first.end();
        },
      };
    } catch (error) {
      first.end();
      throw error;
    }
  } catch (error) {
    throw new ProviderError(`proxy: ${(error as Error).message}`);
  }
}

interface Settings {
  readonly endpoint: string;
  readonly config: ConnectConfig & { host: string; port: number; sock?: Duplex };
  readonly pin: Pin | undefined;
  readonly timeoutMs: number;
}

async function configOf(connection: Values): Promise<Settings> {
  const text = (key: string): string | undefined =>
    typeof connection[key] === "string" ? (connection[key] as string) : undefined;
  const host = text("host") ?? "";
  const port = Number(connection["port"]);
  const hostKey = text("hostKey");
  const pin = hostKey === undefined ? undefined : await pinOf(hostKey);
  const password = text("password");
  const config: Settings["config"] = {
    host,
    port,
    username: text("user") ?? "root",
    readyTimeout: 0,
    ...(pin ? { algorithms: { serverHostKey: pin.algorithms } } : {}),
  };
  const privateKey = text("privateKey");
  if (privateKey !== undefined) {
    await readable(privateKey, text("privateKeyPassword"));
    config.privateKey = privateKey;
    const passphrase = text("privateKeyPassword");
    if (passphrase !== undefined) config.passphrase = passphrase;
  }
  if (password !== undefined) {
    config.password = password;
    config.tryKeyboard = true;
  }
  const agent = text("agentSocketPath") ?? process.env["SSH_AUTH_SOCK"];
  if (agent) config.agent = agent;
  const timeoutMs = Number(connection["perDialTimeout"]) * 1000;
  return { endpoint: `${host}:${port}`, config, pin, timeoutMs };
}

async function readable(privateKey: string, passphrase: string | undefined): Promise<void> {
  const { utils } = (await import("ssh2")).default;
  const parsed = utils.parseKey(privateKey, passphrase);
  if (!(parsed instanceof Error)) return;
  const encrypted = /encrypted/i.test(parsed.message) && passphrase === undefined;
  throw new ProviderError(
    encrypted
      ? "ssh: this private key is passphrase protected"
      : `ssh: the private key cannot be read: ${parsed.message}`,
  );
}

class WrongHostKey extends ProviderError {}

/** One dial, from the TCP connection to the end of the authentication. */
async function once(settings: Settings, session: Session): Promise<Client> {
  const { Client } = (await import("ssh2")).default;
  const { config, endpoint, pin, timeoutMs } = settings;
  return new Promise<Client>((resolve, reject) => {
    const client = new Client();
    let refused: WrongHostKey | undefined;
    const fail = (message: string | Error): void => {
      settled();
      client.on("error", () => {});
      client.destroy();
      reject(typeof message === "string" ? new ProviderError(message) : message);
    };
    const timer =
      timeoutMs > 0
        ? setTimeout(
            () =>
              fail(
                `dial tcp ${endpoint}: i/o timeout (no SSH connection within ${timeoutMs / 1000} s)`,
              ),
            timeoutMs,
          )
        : undefined;
    const cancelled = (): void => fail(`dialling ${endpoint} was given up: the run was cancelled`);
    const settled = (): void => {
      clearTimeout(timer);
      session.signal.removeEventListener("abort", cancelled);
    };
    session.signal.addEventListener("abort", cancelled, { once: true });
    client.once("ready", () => {
      settled();
      client.on("error", () => {});
      resolve(client);
    });
    client.once("error", (error) => fail(refused ?? reasonOf(error, endpoint, waysOf(config))));
    client.once("close", () =>
      fail(refused ?? `ssh: handshake failed: ${endpoint} closed the connection`),
    );
    client.on("keyboard-interactive", (_name, _text, _lang, prompts, finish) =>
      finish(prompts.map(() => config.password ?? "")),
    );
    client.connect({
      ...config,
      hostVerifier: (key: Buffer) => {
        if (!pin || pin.matches(key)) return true;
        refused = new WrongHostKey(
          `ssh: handshake failed: ssh: host key mismatch: ${endpoint} answers with a key that is not the one in hostKey. ` +
            "Nothing was told to it. If the host was set up anew, put its new key there; if not, somebody else answers.",
        );
        return false;
      },
    });
  });
}

function reasonOf(
  error: Error & { level?: string; code?: string },
  endpoint: string,
  tried: readonly string[],
): string {
  if (error.level === "client-authentication") {
    return `ssh: handshake failed: ssh: unable to authenticate, attempted methods [none${tried.map((way) => ` ${way}`).join("")}], no supported methods remain`;
  }
  if (error.code === "ECONNREFUSED") return `dial tcp ${endpoint}: connect: connection refused`;
  if (error.code === "ENOTFOUND") return `dial tcp: lookup ${endpoint.split(":")[0]}: no such host`;
  if (error.code) return `dial tcp ${endpoint}: ${error.message}`;
  return `ssh: handshake failed: ${error.message} (${endpoint})`;
}

/** The ways of logging in that there are, in the words of Go's client. */
function waysOf({ privateKey, agent, password }: Settings["config"]): string[] {
  return [
    ...(privateKey || agent ? ["publickey"] : []),
    ...(password ? ["password", "keyboard-interactive"] : []),
  ];
}

function forwarded(client: Client, { config, endpoint }: Settings): Promise<Duplex> {
  return new Promise((resolve, reject) =>
    client.forwardOut("127.0.0.1", 0, config.host, config.port, (error, channel) =>
      error
        ? reject(new ProviderError(`ssh: rejected: connect failed (${endpoint}: ${error.message})`))
        : resolve(channel),
    ),
  );
}

/** Dials until it works or has failed too often; -1: for ever. */
async function retried<T>(
  what: string,
  limit: number,
  session: Session,
  work: () => Promise<T>,
): Promise<T> {
  let pause = firstPauseMs;
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      const message = (error as Error).message;
      // Whoever has the wrong key has it the next time too.
      if (session.signal.aborted || error instanceof WrongHostKey) throw error;
      if (limit > -1 && failures > limit) {
        throw new ProviderError(`after ${failures - 1} failed attempts: ${message}`);
      }
      session.log(
        "info",
        `${what} ${failures}/${limit === -1 ? "inf" : limit} failed: retrying`,
        true,
      );
      await sleep(pause, undefined, { signal: session.signal }).catch(() => {});
      pause = Math.min(pause * 1.5, longestPauseMs);
    }
  }
}

import { BaseAgent, ParsedKey, PublicKeyEntry, createAgent, utils } from "ssh2";

import { SshError, said } from "./errors";
import { fingerprint } from "./hostKey";
import { type BadKey, parsePrivateKey } from "./privateKey";
import { SshHost, SshTimeouts, nameOf } from "./target";

/** What a login is made with. */
export type Credential =
  | { readonly kind: "key"; readonly key: ParsedKey; readonly names: readonly string[] }
  | { readonly kind: "agent"; readonly agent: BaseAgent; readonly names: readonly string[] };

/**
 * Reads the private key, or asks the agent which keys it has: whatever is wrong on this machine is said before anything
 * is dialled.
 *
 * @throws SshError (`config` for the key, `agent` for the agent)
 */
export async function credentialFor(host: SshHost, timeouts: SshTimeouts): Promise<Credential> {
  if (host.privateKey !== undefined && host.privateKey.trim() !== "") {
    const key = readPrivateKey(host, host.privateKey);
    return { kind: "key", key, names: [`${key.type} ${fingerprint(key.getPublicSSH())}`] };
  }
  const socket = host.agentSocket ?? process.env.SSH_AUTH_SOCK;
  if (!socket) {
    throw new SshError(
      "agent",
      `SSH to ${nameOf(host)}: there is nothing to log in with: sshPrivateKey is not set and no SSH agent runs ` +
        `(SSH_AUTH_SOCK is empty).`,
      keyOrAgent,
    );
  }
  const agent = createAgent(socket);
  const keys = await identities(host, agent, socket, timeouts.authMs);
  if (keys.length === 0) {
    throw new SshError(
      "agent",
      `SSH to ${nameOf(host)}: the SSH agent at ${said(socket)} holds no key.`,
      keyOrAgent,
    );
  }
  return { kind: "agent", agent, names: keys };
}

const keyOrAgent = [
  `  with a key:   npx pulumi config set --secret sshPrivateKey < ~/.ssh/id_ed25519`,
  `  with an agent: eval "$(ssh-agent)" && ssh-add ~/.ssh/id_ed25519`,
];

/** The agent's keys as `type SHA256:…`. */
function identities(
  host: SshHost,
  agent: BaseAgent,
  socket: string,
  timeoutMs: number,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(
        new SshError(
          "agent",
          `SSH to ${nameOf(host)}: the SSH agent at ${said(socket)} ${why}.`,
          keyOrAgent,
        ),
      );
    const timer = setTimeout(() => fail(`gave no answer in ${timeoutMs / 1000} s`), timeoutMs);
    agent.getIdentities((error, keys) => {
      clearTimeout(timer);
      if (error || !keys) return fail(`cannot be reached: ${said(error?.message ?? "no answer")}`);
      resolve(keys.map(nameOfKey));
    });
  });
}

function nameOfKey(key: string | Buffer | ParsedKey | PublicKeyEntry): string {
  if (typeof key === "object" && "pubKey" in key) {
    const inner = key.pubKey;
    return nameOfKey(typeof inner === "object" && "pubKey" in inner ? inner.pubKey : inner);
  }
  const parsed = typeof key === "string" || Buffer.isBuffer(key) ? utils.parseKey(key) : key;
  if (parsed instanceof Error) return "a key of an unknown type";
  return `${parsed.type} ${fingerprint(parsed.getPublicSSH())}`;
}

/** Parses the configured private key. Messages say what to do and never hold the key or its passphrase. */
function readPrivateKey(host: SshHost, text: string): ParsedKey {
  const key = parsePrivateKey(text, host.passphrase);
  if ("problem" in key) throw badKey(host, key);
  return key;
}

function badKey(host: SshHost, { problem, why }: BadKey): SshError {
  const set = "npx pulumi config set --secret";
  const next = {
    passphrase: `${set} sshPrivateKeyPassphrase`,
    public: `${set} sshPrivateKey < ~/.ssh/id_ed25519`,
    form: `${set} sshPrivateKey < ~/.ssh/id_ed25519   (ssh-keygen -p -f FILE rewrites an older form)`,
  };
  return new SshError("config", `SSH to ${nameOf(host)}: sshPrivateKey ${why}`, next[problem]);
}

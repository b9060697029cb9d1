import { createHash } from "node:crypto";

import { SshError } from "./errors";
import { Role, SshHost, addressOf, configKey, nameOf } from "./target";

/** A host key that the user vouches for. */
export interface HostKeyPin {
  /** Key type as the key itself names it: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa` … */
  readonly type: string;
  /** The public key in SSH's wire format. */
  readonly blob: Buffer;
}

/** Signature algorithms by key type, best first. SHA-1 RSA comes last, as the pin itself is what proves the server. */
const algorithmsByType = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
} as const;

type KeyType = keyof typeof algorithmsByType;

/** A name ssh2 knows for `algorithms.serverHostKey`. */
export type HostKeyAlgorithm = (typeof algorithmsByType)[KeyType][number];

const isKeyType = (type: string): type is KeyType => Object.hasOwn(algorithmsByType, type);

/** `SHA256:…`, as `ssh` and `ssh-keygen -l` print it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** Key type and fingerprint of a public key in wire format. */
export function describeKey(blob: Buffer): string {
  return `${typeOf(blob) ?? "unknown type"} ${fingerprint(blob)}`;
}

/** The commands that fetch a host's key and put it where it belongs. */
export function howToPin(host: SshHost, role: Role): string {
  const port = host.port === 22 ? "" : `-p ${host.port} `;
  const jumped = role === "target" ? "" : " (the jump host's own key)";
  return (
    `  get it:     ssh-keyscan -t ed25519 ${port}${host.host}${jumped}\n` +
    `  compare it: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub, on that server\n` +
    `  pin it:     npx pulumi config set ${configKey(role, "HostKey")} "ssh-ed25519 AAAA…"`
  );
}

/**
 * Reads the pins of a host: lines of authorized_keys or known_hosts, comments and empty lines left out.
 *
 * @throws SshError (`config`) when there is none, or one that cannot be used.
 */
export function readPins(host: SshHost, role: Role): HostKeyPin[] {
  const key = configKey(role, "HostKey");
  const what = `SSH to ${nameOf(host)}`;
  const pins = parsePins(host.hostKey, key);
  if (typeof pins === "string")
    throw new SshError("config", `${what}: not connected, because ${pins}.`, [
      howToPin(host, role),
    ]);
  if (pins.length === 0)
    throw new SshError(
      "config",
      `${what}: not connected, because ${key} is not set. Without the server's host key nobody can tell whose server ` +
        `gets the login.`,
      [howToPin(host, role)],
    );
  return pins;
}

/**
 * Parses host keys: lines of authorized_keys or known_hosts, comments and empty lines left out.
 *
 * @param key what holds them, for the message
 * @returns the pins, or what is wrong with the text, without repeating any of it
 */
export function parsePins(text: string, key: string): HostKeyPin[] | string {
  if (/PRIVATE KEY/.test(text))
    return `${key} holds a private key; it must hold the server's PUBLIC host key`;
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const pins = lines.map(readPin);
  const bad = pins.findIndex((pin) => typeof pin === "string");
  if (bad >= 0) return `line ${bad + 1} of ${key} ${String(pins[bad])}`;
  return pins.filter((pin) => typeof pin !== "string");
}

/** The pins as `type base64` lines, the form that `@pulumi/command` takes; it looks at the first one only. */
export function authorizedKeyLines(host: SshHost, role: Role = "target"): string[] {
  return readPins(host, role).map((pin) => `${pin.type} ${pin.blob.toString("base64")}`);
}

/**
 * What to ask a server for: the pinned types first, so that one with several keys shows the pinned one, then all the
 * others, so that a server that lost its key is told apart from one that speaks no SSH.
 */
export function hostKeyAlgorithms(pins: readonly HostKeyPin[]): HostKeyAlgorithm[] {
  const types = [...pins.map((pin) => pin.type).filter(isKeyType)];
  const every = Object.keys(algorithmsByType).filter(isKeyType);
  return [...new Set([...types, ...every].flatMap((type) => algorithmsByType[type]))];
}

/** The error for a server that holds another key. */
export function wrongHostKey(
  host: SshHost,
  role: Role,
  pins: readonly HostKeyPin[],
  seen: Buffer,
): SshError {
  const pinned = pins.map((pin) => `  pinned:     ${describeKey(pin.blob)}`).join("\n");
  return new SshError(
    "host-key",
    `SSH to ${nameOf(host)}: the host key of ${addressOf(host.host, host.port)} is not the one in ` +
      `${configKey(role, "HostKey")}. Nothing was sent: no user name, no key.\n` +
      `  it showed:  ${describeKey(seen)}\n${pinned}`,
    [
      `If the server was set up anew, pin its new key:`,
      howToPin(host, role),
      `If it was not, somebody else may be answering in its place: find out who before going on.`,
    ],
  );
}

/** One line to a pin, or what is wrong with it. Never repeats the line: it might be a misplaced secret. */
function readPin(line: string): HostKeyPin | string {
  const words = line.split(/\s+/);
  if (words[0]?.startsWith("@")) {
    return `is marked ${words[0].slice(0, 20)}; only plain host keys can be pinned`;
  }
  const at = words.findIndex((word, index) => index < 2 && /^(ssh|ecdsa|sk)-/.test(word));
  const type = words[at];
  const base64 = words[at + 1];
  if (at < 0 || type === undefined || base64 === undefined) {
    return /^SHA256:/.test(line) || /^MD5:/.test(line)
      ? "is a fingerprint; the whole key is needed"
      : 'is no host key; one looks like "ssh-ed25519 AAAA…"';
  }
  if (!isKeyType(type)) {
    return `is of the type ${type.slice(0, 40)}; usable are ${Object.keys(algorithmsByType).join(", ")}`;
  }
  const blob = Buffer.from(base64, "base64");
  if (
    typeOf(blob) !== type ||
    !isWhole(type, blob) ||
    blob.toString("base64").replace(/=+$/, "") !== base64.replace(/=+$/, "")
  ) {
    return `is damaged: its text is not a whole ${type} key`;
  }
  return { type, blob };
}

/** The type a public key names in its first field. */
function typeOf(blob: Buffer): string | undefined {
  return fieldsOf(blob)?.[0]?.toString("latin1");
}

/** Fields of a public key in wire format, each with its length before it; undefined when they don't fill it. */
function fieldsOf(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at + 4 <= blob.length) {
    const end = at + 4 + blob.readUInt32BE(at);
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return at === blob.length && fields.length > 0 ? fields : undefined;
}

/** Whether a key has all its parts (RFC 4253, 5656, 8709): a torn line must not become a pin that nothing matches. */
function isWhole(type: KeyType, blob: Buffer): boolean {
  const fields = fieldsOf(blob) ?? [];
  if (type === "ssh-ed25519") return fields.length === 2 && fields[1]?.length === 32;
  return fields.length === 3 && fields.every((field) => field.length > 0);
}

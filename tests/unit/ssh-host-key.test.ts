// Host key pins: what is taken for one, and what is said of everything else.
import {
  authorizedKeyLines,
  describeKey,
  fingerprint,
  hostKeyAlgorithms,
  readPins,
} from "../../ssh/hostKey";
import { quote } from "../../ssh/quote";
import { addressOf } from "../../ssh/target";

const base64 = "AAAAC3NzaC1lZDI1NTE5AAAAIGNrZXkta2V5LWtleS1rZXkta2V5LWtleS1rZXkta2V5";
const blob = Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]);
const key = `ssh-ed25519 ${blob.toString("base64")}`;
const host = (hostKey: string, port = 22) => ({
  ...{ host: "192.0.2.22", port, user: "admin", hostKey },
});

describe("what is taken", () => {
  test.each([
    ["authorized_keys", key],
    ["with a comment", `${key} root@photos`],
    ["known_hosts", `192.0.2.22 ${key}`],
    ["known_hosts with a port", `[192.0.2.22]:2222,photos ${key}`],
    ["known_hosts, hashed", `|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ${key}`],
    ["ssh-keyscan's output", `# 192.0.2.22:22 SSH-2.0-OpenSSH_9.2\n192.0.2.22 ${key}\n`],
    ["Windows line ends", `\r\n${key}\r\n`],
  ])("%s", (_, text) => {
    expect(readPins(host(text), "target")).toEqual([{ type: "ssh-ed25519", blob }]);
    expect(authorizedKeyLines(host(text))).toEqual([key]);
  });

  test("several", () => {
    expect(readPins(host(`${key}\n${key}`), "target")).toHaveLength(2);
  });
});

describe("what is not", () => {
  const privateKey = ["-----BEGIN OPENSSH", "PRIVATE KEY-----\nc2VjcmV0\n-----END"].join(" ");
  test.each([
    ["nothing", "", "sshHostKey is not set"],
    ["comments only", "# 192.0.2.22:22 SSH-2.0\n", "sshHostKey is not set"],
    ["a fingerprint", `SHA256:${"A".repeat(43)}`, "is a fingerprint; the whole key is needed"],
    ["a private key", privateKey, "holds a private key"],
    ["rubbish", "hunter2", "is no host key"],
    ["half a key", key.slice(0, 40), "is damaged"],
    ["another key's type", key.replace("ssh-ed25519", "ssh-rsa"), "is damaged"],
    ["a type that is of no use", key.replace("ssh-ed25519", "ssh-dss"), "is of the type ssh-dss"],
    ["a certificate authority", `@cert-authority * ${key}`, "only plain host keys"],
    ["a revoked key", `@revoked * ${key}`, "only plain host keys"],
    ["a bad second line", `${key}\nhunter2`, "line 2 of sshHostKey"],
    ["base64 that is none", `ssh-ed25519 ${base64}!!`, "is damaged"],
  ])("%s", (_, text, message) => {
    expect(() => readPins(host(text), "target")).toThrow(message);
    try {
      readPins(host(text), "target");
    } catch (error) {
      const told = String(error);
      expect(told).toContain("admin@192.0.2.22:22");
      expect(told).toContain("ssh-keyscan -t ed25519 192.0.2.22");
      expect(told).toContain("npx pulumi config set sshHostKey");
      expect(told).not.toMatch(/hunter2|c2VjcmV0/);
    }
  });

  test("of the jump host, with its own keys and port", () => {
    expect(() => readPins(host("", 2222), "jump")).toThrow(/sshJumpHostKey is not set/);
    expect(() => readPins(host("", 2222), "jump")).toThrow(/ssh-keyscan -t ed25519 -p 2222/);
  });
});

test("fingerprints as OpenSSH prints them", () => {
  expect(fingerprint(Buffer.from("abc"))).toBe(
    "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
  );
  expect(describeKey(blob)).toMatch(/^ssh-ed25519 SHA256:[A-Za-z0-9+/]{43}$/);
  expect(describeKey(Buffer.alloc(2))).toMatch(/^unknown type SHA256:/);
});

test("the pinned type is asked for first, every other after it", () => {
  const algorithms = hostKeyAlgorithms([{ type: "ssh-rsa", blob }]);
  expect(algorithms.slice(0, 4)).toEqual([
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-rsa",
    "ssh-ed25519",
  ]);
  expect(new Set(algorithms).size).toBe(algorithms.length);
});

test("words for a shell, addresses for people", () => {
  expect(quote("immich_postgres")).toBe("immich_postgres");
  expect(quote("it's; rm -rf $HOME")).toBe(`'it'\\''s; rm -rf $HOME'`);
  expect(quote("")).toBe("''");
  expect(addressOf("fd00::3", 22)).toBe("[fd00::3]:22");
});

// X.509 certificates for tests, in the little DER that they take (RFC 5280).
import * as crypto from "node:crypto";
import * as net from "node:net";

/** A certificate with its key, both PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is to say. */
export interface Wanted {
  readonly commonName: string;
  /** DNS names and IPv4 addresses that it is for. Default: none, and no such extension. */
  readonly names?: readonly string[];
  /** Whether it may sign others. Default: false. */
  readonly authority?: boolean;
  /** Who signs it. Default: itself. */
  readonly issuer?: Certificate & { readonly commonName: string };
  /** Until when it is valid. Default: ten years from now. */
  readonly until?: Date;
}

/** Makes a certificate with a new key (P-256). */
export function makeCertificate(wanted: Wanted): Certificate & { readonly commonName: string } {
  const { publicKey, privateKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { commonName, names = [], authority = false, issuer } = wanted;
  const until = wanted.until ?? new Date(Date.now() + 3650 * 86_400_000);
  const extensions = [extension("551d13", der(0x30, authority ? der(0x01, [0xff]) : []), true)];
  if (names.length > 0) extensions.push(extension("551d11", der(0x30, ...names.map(name))));
  const ecdsaWithSha256 = der(0x30, der(0x06, "2a8648ce3d040302"));
  const body = der(
    0x30,
    der(0xa0, der(0x02, [2])), // version 3
    der(0x02, Buffer.concat([Buffer.from([0x40]), crypto.randomBytes(15)])),
    ecdsaWithSha256,
    distinguished(issuer?.commonName ?? commonName),
    der(0x30, time(new Date(until.getTime() - 3660 * 86_400_000)), time(until)),
    distinguished(commonName),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, ...extensions)),
  );
  const signature = crypto.sign("sha256", body, issuer?.key ?? privateKey);
  const whole = der(0x30, body, ecdsaWithSha256, der(0x03, [0], signature));
  return {
    commonName,
    certificate: `-----BEGIN CERTIFICATE-----\n${lines(whole.toString("base64"))}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

type Part = Buffer | readonly number[] | string;

function der(tag: number, ...parts: readonly Part[]): Buffer {
  const content = Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "hex") : Buffer.from(part))),
  );
  const size = content.length;
  const length =
    size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function extension(identifier: string, content: Buffer, critical = false): Buffer {
  return der(0x30, der(0x06, identifier), critical ? der(0x01, [0xff]) : [], der(0x04, content));
}

function name(text: string): Buffer {
  return net.isIPv4(text)
    ? der(0x87, text.split(".").map(Number))
    : der(0x82, Buffer.from(text, "ascii"));
}

function distinguished(commonName: string): Buffer {
  const value = der(0x0c, Buffer.from(commonName, "utf8"));
  return der(0x30, der(0x31, der(0x30, der(0x06, "550403"), value)));
}

function time(when: Date): Buffer {
  return der(0x18, Buffer.from(`${when.toISOString().replace(/[-:T]|\.\d+/g, "")}`, "ascii"));
}

function lines(text: string): string {
  return text.replace(/.{64}(?=.)/g, "$&\n");
}

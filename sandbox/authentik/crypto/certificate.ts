/** Self-signed certificates as Authentik makes them, and what it tells about one. */
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { X509Certificate } from "node:crypto";

import type { CertificateRow } from "../model";
import {
  bitString,
  der,
  integer,
  octetString,
  oid,
  sequence,
  set,
  utcTime,
  utf8,
} from "../../../provider/tunnel/der";

/** Kinds of key that Authentik can make. */
export type KeyKind = "rsa" | "ecdsa";

/** What to put into a certificate. */
export interface CertificateOptions {
  readonly commonName: string;
  /** DNS names; none leaves the extension out. */
  readonly altNames: readonly string[];
  readonly days: number;
  readonly kind: KeyKind;
}

const ISSUER = "authentik 2026.5.0-rc1";
const DAY = 86_400_000;

/** A new key pair with its certificate, both PEM. RSA keys have 2048 bits. */
export function selfSigned(options: CertificateOptions): { certificate: string; key: string } {
  const { publicKey, privateKey } =
    options.kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm =
    options.kind === "rsa"
      ? sequence(oid("1.2.840.113549.1.1.11"), der(0x05))
      : sequence(oid("1.2.840.10045.4.3.2"));
  const now = Date.now();
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name([["2.5.4.3", ISSUER]]),
    sequence(utcTime(new Date(now - DAY)), utcTime(new Date(now + options.days * DAY))),
    name([
      ["2.5.4.3", options.commonName],
      ["2.5.4.10", "authentik"],
      ["2.5.4.11", "Self-signed"],
    ]),
    publicKey.export({ type: "spki", format: "der" }),
    ...(options.altNames.length ? [altNames(options.altNames)] : []),
  );
  const whole = sequence(body, algorithm, bitString(sign("sha256", body, privateKey)));
  return {
    certificate: new X509Certificate(whole).toString(),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function name(parts: [string, string][]): Buffer {
  return sequence(...parts.map(([id, text]) => set(sequence(oid(id), utf8(text)))));
}

function altNames(names: readonly string[]): Buffer {
  const list = sequence(...names.map((dns) => der(0x82, Buffer.from(dns, "ascii"))));
  const extension = sequence(oid("2.5.29.17"), der(0x01, Buffer.from([0xff])), octetString(list));
  return der(0xa3, sequence(extension));
}

/** What the API tells about a certificate. */
export function describe(row: CertificateRow): {
  fingerprint_sha256: string;
  fingerprint_sha1: string;
  cert_expiry: string;
  cert_subject: string;
  key_type: "rsa" | "ec";
} {
  const x509 = new X509Certificate(row.certificate);
  return {
    fingerprint_sha256: x509.fingerprint256.toLowerCase(),
    fingerprint_sha1: x509.fingerprint.toLowerCase(),
    cert_expiry: new Date(x509.validTo).toISOString().replace(".000", ""),
    cert_subject: x509.subject.split("\n").reverse().join(","),
    key_type: x509.publicKey.asymmetricKeyType === "ec" ? "ec" : "rsa",
  };
}

/** The algorithm that a key signs ID tokens with. */
export type SigningAlgorithm = "RS256" | "ES256" | "HS256";

/** The algorithm that follows from a certificate's key; HS256 without one. */
export function algorithmOf(row: CertificateRow | undefined): SigningAlgorithm {
  if (!row) return "HS256";
  return createPrivateKey(row.key).asymmetricKeyType === "ec" ? "ES256" : "RS256";
}

/** The ID that Authentik gives a key in its jwks: a hash of the private key's PEM. */
export function keyId(row: CertificateRow): string {
  return createHash("sha512").update(row.key).digest("base64url");
}

/** The private key as an object. */
export function privateKeyOf(row: CertificateRow): KeyObject {
  return createPrivateKey(row.key);
}

/** The public half as Authentik lists it in a jwks. */
export function publicJwk(row: CertificateRow): Record<string, unknown> {
  const x509 = new X509Certificate(row.certificate);
  const digest = (hash: string): string => createHash(hash).update(x509.raw).digest("base64url");
  return {
    alg: algorithmOf(row),
    kid: keyId(row),
    use: "sig",
    ...x509.publicKey.export({ format: "jwk" }),
    x5c: [x509.raw.toString("base64")],
    x5t: digest("sha1"),
    "x5t#S256": digest("sha256"),
  };
}

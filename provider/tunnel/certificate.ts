/**
 * A key and a certificate for 127.0.0.1, made new by each process that listens there.
 *
 * Written by hand, as Node makes no certificates and loading a library that does (@peculiar/x509) takes a tenth
 * of a second of every preview; this takes some milliseconds.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";

import { bitString, der, integer, octetString, oid, sequence, set, utcTime, utf8 } from "./der";

/** Both PEM. The key is secret, and is kept nowhere but in memory. */
export interface Identity {
  readonly key: string;
  readonly certificate: string;
}

const DAY = 86_400_000;

/** A new identity that is good for a day: an ECDSA key on P-256, and a certificate signed by itself. */
export function newIdentity(): Identity {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = sequence(oid("1.2.840.10045.4.3.2")); // ecdsa-with-SHA256
  const spki = publicKey.export({ type: "spki", format: "der" });
  const id = createHash("sha256").update(spki).digest("hex").slice(0, 16);
  const name = sequence(set(sequence(oid("2.5.4.3"), utf8(`immich tunnel ${id}`))));
  const now = Date.now();
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    sequence(utcTime(new Date(now - DAY)), utcTime(new Date(now + DAY))),
    name,
    spki,
    der(0xa3, sequence(isAuthority, forLoopback)),
  );
  const whole = sequence(body, algorithm, bitString(sign("sha256", body, privateKey)));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: new X509Certificate(whole).toString(),
  };
}

const TRUE = der(0x01, Buffer.from([0xff]));

/** basicConstraints, CA: a client trusts it as the root that it is. */
const isAuthority = sequence(oid("2.5.29.19"), TRUE, octetString(sequence(TRUE)));

/** subjectAltName: the address 127.0.0.1. */
const forLoopback = sequence(
  oid("2.5.29.17"),
  octetString(sequence(der(0x87, Buffer.from([127, 0, 0, 1])))),
);

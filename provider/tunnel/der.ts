/** Just enough DER to write an X.509 certificate: Node reads certificates but cannot make them. */

/** One DER element. */
export function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

/** SEQUENCE. */
export const sequence = (...content: Buffer[]): Buffer => der(0x30, ...content);

/** SET. */
export const set = (...content: Buffer[]): Buffer => der(0x31, ...content);

/** INTEGER, not negative. */
export function integer(bytes: Buffer): Buffer {
  const positive = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return der(0x02, positive);
}

/** BIT STRING of whole bytes. */
export const bitString = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);

/** OCTET STRING. */
export const octetString = (content: Buffer): Buffer => der(0x04, content);

/** UTF8String. */
export const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text, "utf8"));

/** OBJECT IDENTIFIER from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const septets = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return der(0x06, Buffer.from(bytes));
}

/** UTCTime; good until 2049. */
export function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`, "ascii"));
}

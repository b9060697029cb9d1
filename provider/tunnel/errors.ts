/** What PostgreSQL says to a client, with its errors in other words: what went wrong comes with what to do. */
import { Transform, type TransformCallback } from "node:stream";

/** An error of PostgreSQL (ErrorResponse of its protocol). */
export interface ServerError {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  /** Whether the client was logged in when it came. */
  readonly loggedIn: boolean;
}

/** What an error is to say instead; undefined: what it says. */
export type Words = (error: ServerError) => string | undefined;

/** Type and length of a message. */
const HEAD = 5;
/** PostgreSQL's own errors are far shorter; what is longer goes through as it is. */
const LONGEST = 65_536;

/** Carries the backend's messages through, byte for byte but for the text of errors that `words` has words for. */
export class ErrorsInOtherWords extends Transform {
  private held = Buffer.alloc(0);
  /** Bytes that still belong to a message that goes through. */
  private through = 0;
  private loggedIn = false;

  constructor(private readonly words: Words) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = this.held.length > 0 ? Buffer.concat([this.held, chunk]) : chunk;
    this.held = Buffer.alloc(0);
    while (rest.length > 0) {
      if (this.through > 0) {
        const part = rest.subarray(0, this.through);
        this.push(part);
        this.through -= part.length;
        rest = rest.subarray(part.length);
        continue;
      }
      if (rest.length < HEAD) break;
      const type = String.fromCharCode(rest[0] ?? 0);
      const length = 1 + rest.readUInt32BE(1);
      if (type === "Z") this.loggedIn = true;
      if (type !== "E" || length < HEAD || length > LONGEST) {
        this.through = Math.max(length, HEAD);
        continue;
      }
      if (rest.length < length) break;
      this.push(this.reworded(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    this.held = Buffer.from(rest);
    done();
  }

  override _flush(done: TransformCallback): void {
    this.push(this.held);
    done();
  }

  private reworded(packet: Buffer): Buffer {
    const fields = packet.toString("utf8", HEAD).split("\0").filter(Boolean);
    const field = (type: string) => fields.find((one) => one.startsWith(type))?.slice(1) ?? "";
    const { loggedIn } = this;
    const words = this.words({ code: field("C"), message: field("M"), loggedIn });
    if (words === undefined) return packet;
    return errorPacket(fields.map((one) => (one.startsWith("M") ? `M${words}` : one)));
  }
}

/** An error as PostgreSQL would say it, for a client that waits while the way to the real one is blocked. */
export function refusalPacket({ message }: Error): Buffer {
  // 08001: sqlclient_unable_to_establish_sqlconnection
  return errorPacket(["SFATAL", "VFATAL", "C08001", `M${message}`]);
}

/** @param fields each with its type in front */
function errorPacket(fields: readonly string[]): Buffer {
  const body = Buffer.from(`${fields.map((one) => `${one}\0`).join("")}\0`, "utf8");
  const head = Buffer.from("E\0\0\0\0", "latin1");
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

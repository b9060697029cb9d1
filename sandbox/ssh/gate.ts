/** A TCP connection that can be stalled or cut at a chosen byte: what `ssh2`'s server talks through. */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { FaultState, SshFault } from "./faults";

const LINE_END = 0x0a;

export class Gate extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  private stalled = false;
  private sent = 0;
  private firstLineSent = false;

  constructor(
    private readonly socket: Socket,
    private readonly faults: FaultState,
  ) {
    super({ allowHalfOpen: true });
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.remoteFamily = socket.remoteFamily;
    socket.on("data", (chunk: Buffer) => {
      if (!this.stalled && !this.push(chunk)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  /** Does what `fault` says, at once: nothing more gets through, or the connection is reset. */
  apply(fault: SshFault): void {
    if (fault.kind === "drop") {
      this.socket.resetAndDestroy();
    } else {
      this.stalled = true;
    }
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.send(chunk);
    if (this.stalled || this.socket.destroyed || !this.socket.writableNeedDrain) done();
    else this.socket.once("drain", done);
  }

  override _final(done: () => void): void {
    if (!this.stalled) this.socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.stalled) this.socket.destroy();
    done(error);
  }

  private send(chunk: Buffer): void {
    if (this.stalled || this.socket.destroyed) return;
    const { passes, fault } = this.limit(chunk);
    this.sent += passes;
    if (passes > 0) this.socket.write(chunk.subarray(0, passes));
    if (fault !== undefined) this.apply(fault);
  }

  /** How many bytes of `chunk` pass, and what then goes wrong. */
  private limit(chunk: Buffer): { passes: number; fault?: SshFault } {
    if (!this.firstLineSent) {
      const banner = this.faults.strike("banner");
      if (banner !== undefined) return { passes: Math.min(8, chunk.length), fault: banner };
      const end = chunk.indexOf(LINE_END);
      if (end >= 0) {
        this.firstLineSent = true;
        const kex = this.faults.strike("kex");
        if (kex !== undefined) return { passes: end + 1, fault: kex };
      }
    }
    const limit = this.faults.peek("bytes");
    if (limit !== undefined && this.sent + chunk.length > (limit.bytes ?? 0)) {
      this.faults.strike("bytes");
      return { passes: Math.max(0, (limit.bytes ?? 0) - this.sent), fault: limit };
    }
    return { passes: chunk.length };
  }
}

import { Duplex } from "node:stream";

import { ClientChannel } from "ssh2";

/** What keeps a connection, and with it this process, alive. */
export interface Holder {
  hold(): void;
  release(): void;
  /** Why the connection ended, when it did. */
  readonly death: Error | undefined;
}

/**
 * One TCP connection carried by SSH, with the manners of a `net.Socket`: errors arrive, `destroy` ends it at once, and
 * `unref` lets the process end while it is open.
 */
export class SshChannel extends Duplex {
  readonly #inner: ClientChannel;
  readonly #holder: Holder;
  #held = true;
  #bytesRead = 0;

  /**
   * @param inner ssh2's channel
   * @param holder the connection it belongs to; held until the channel is closed, or `unref`
   */
  constructor(inner: ClientChannel, holder: Holder) {
    // sshd says of a connection that its far end closed by CHANNEL_EOF alone, and closes the channel only when this side
    // ends too. Left half open, a Postgres that went away would never be noticed.
    super({ allowHalfOpen: false });
    this.#inner = inner;
    this.#holder = holder;
    holder.hold();
    // A connection that is lost while nobody looks is no reason to end the process.
    this.on("error", () => undefined);
    inner.on("data", (data: Buffer) => {
      this.#bytesRead += data.length;
      if (!this.push(data)) inner.pause();
    });
    inner.on("end", () => this.push(null));
    inner.on("error", (error: Error) => this.destroy(error));
    inner.on("close", () => this.#innerClosed());
  }

  /** Bytes received so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Lets this channel keep the process alive (the default). */
  ref(): this {
    if (!this.#held && !this.destroyed) {
      this.#held = true;
      this.#holder.hold();
    }
    return this;
  }

  /** Lets the process end although this channel is open. */
  unref(): this {
    if (this.#held) {
      this.#held = false;
      this.#holder.release();
    }
    return this;
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(
    chunk: Buffer,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    if (!this.#inner.writable) return callback(this.#lost());
    this.#inner.write(chunk, encoding, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#inner.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#inner.close();
    this.unref();
    callback(error);
  }

  #innerClosed(): void {
    if (this.destroyed) return;
    if (this.#holder.death) return void this.destroy(this.#holder.death);
    this.push(null);
    // The far end closed: what is still buffered here may be read, nothing more can be written.
    if (this.readableEnded) this.destroy();
    else this.once("end", () => this.destroy());
  }

  #lost(): Error {
    return this.#holder.death ?? new Error("the connection was closed by the other side");
  }
}

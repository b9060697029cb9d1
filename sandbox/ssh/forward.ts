/** A `direct-tcpip` channel: bytes between an SSH client and a TCP port, with faults on request. */
import { connect, type Socket } from "node:net";
import type { ServerChannel } from "ssh2";
import type { FaultState, SshFault } from "./faults";
import type { Gate } from "./gate";

/**
 * Connects to a port of this machine.
 *
 * @throws Error for an address that isn't loopback: the sandbox sends nothing anywhere else.
 */
export function dial(host: string, port: number): Promise<Socket> {
  return new Promise((done, fail) => {
    if (host !== "localhost" && host !== "::1" && !/^127\.\d+\.\d+\.\d+$/.test(host)) {
      fail(new Error(`the sandbox forwards to loopback addresses only, not to ${host}`));
      return;
    }
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.removeListener("error", fail);
      socket.on("error", () => socket.destroy());
      socket.setNoDelay(true);
      done(socket);
    });
  });
}

/**
 * Joins `channel` and `socket` with the manners of OpenSSH's sshd: when the far end closes, or resets, the client is sent
 * CHANNEL_EOF and no more. CHANNEL_CLOSE comes when the client has ended its side too, or when something it wrote could
 * not be delivered.
 */
export function join(channel: ServerChannel, socket: Socket, gate: Gate, faults: FaultState): void {
  const matches = new Matcher(faults);
  let stalled = false;
  let answerFault: SshFault | undefined;

  const strike = (fault: SshFault): void => {
    stalled = true;
    // A stall holds this channel, not the connection: keep-alives are answered, as by a real server.
    if (fault.kind === "drop") gate.apply(fault);
  };
  channel.on("data", (chunk: Buffer) => {
    if (stalled) return;
    const undelivered = matches.strike("forward", chunk);
    if (undelivered !== undefined) return strike(undelivered);
    answerFault ??= matches.strike("forward-answer", chunk);
    if (socket.destroyed) return channel.close();
    if (!socket.write(chunk, (error) => error && channel.close())) {
      channel.pause();
      socket.once("drain", () => channel.resume());
    }
  });
  socket.on("data", (chunk: Buffer) => {
    if (stalled) return;
    if (answerFault !== undefined) return strike(answerFault);
    if (!channel.write(chunk)) {
      socket.pause();
      channel.once("drain", () => socket.resume());
    }
  });
  let farEnded = false;
  let clientEnded = false;
  const closeWhenBothEnded = (): void => {
    if (farEnded && clientEnded) channel.close();
  };
  const farEnd = (): void => {
    if (stalled || farEnded) return;
    farEnded = true;
    channel.eof();
    closeWhenBothEnded();
  };
  socket.on("end", farEnd);
  socket.on("close", farEnd);
  channel.on("end", () => {
    clientEnded = true;
    socket.end();
    closeWhenBothEnded();
  });
  channel.on("close", () => socket.destroy());
  channel.on("error", () => socket.destroy());
}

/** Finds the message that a `forward…` fault is meant for. */
class Matcher {
  private seen = 0;
  private isAfter = false;

  constructor(private readonly faults: FaultState) {}

  strike(at: "forward" | "forward-answer", chunk: Buffer): SshFault | undefined {
    const fault = this.faults.peek(at);
    if (fault === undefined) return undefined;
    const text = chunk.toString("latin1");
    if (fault.after !== undefined && !this.isAfter) {
      this.isAfter = text.includes(fault.after);
      return undefined;
    }
    if (fault.text !== undefined && !text.includes(fault.text)) return undefined;
    this.seen += 1;
    return this.seen === (fault.exchange ?? 1) ? this.faults.strike(at, text) : undefined;
  }
}

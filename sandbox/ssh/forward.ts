/** A `direct-tcpip` channel: bytes between an SSH client and a TCP port, with faults on request. */
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
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
    const socket = connect({ host, port });
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.removeListener("error", fail);
      socket.on("error", () => socket.destroy());
      socket.setNoDelay(true);
      done(socket);
    });
  });
}

/** Joins `channel` and `socket` until one of them ends. */
export function join(channel: Duplex, socket: Socket, gate: Gate, faults: FaultState): void {
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
    if (!socket.write(chunk)) {
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
  channel.on("end", () => socket.end());
  channel.on("close", () => socket.destroy());
  channel.on("error", () => socket.destroy());
  socket.on("end", () => stalled || channel.end());
  socket.on("close", () => stalled || channel.destroy());
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

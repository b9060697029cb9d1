/** Which faults are tried: at every step of the way to the database, and at every message of the talk with it. */
import type { SshFault } from "../sandbox/ssh";
import type { WireFault, WireMessage } from "./wire";

/** What is done at a step. */
export interface Fault {
  /** The step, as the report names it. */
  readonly step: string;
  /** What is done there, as the report names it. */
  readonly fault: string;
  readonly wire?: WireFault;
  readonly ssh?: SshFault;
  /** The operation runs in a process of its own, which is killed when the fault strikes. */
  readonly kill?: boolean;
  /** All SSH connections are cut when the fault strikes. */
  readonly cutSsh?: boolean;
  /** The server shows another host key than the pinned one. */
  readonly otherHostKey?: boolean;
  /** The operation must succeed all the same: a second try heals it. */
  readonly heals?: boolean;
  /** The operation must find out by itself, not by waiting until no answer came. */
  readonly noticed?: boolean;
  /** All sessions of the database server end with this one: tried alone. */
  readonly shakesAll?: boolean;
}

const sshSteps = ["dial", "banner", "kex", "auth", "exec", "exec-done", "channel"] as const;

/** Faults on the way to the database. */
export function sshFaults(): Fault[] {
  const perStep = sshSteps.flatMap((at): Fault[] => [
    { step: `SSH ${at}`, fault: "cut", ssh: { at, kind: "drop" } },
    { step: `SSH ${at}`, fault: "cut once", ssh: { at, kind: "drop", times: 1 }, heals: true },
    { step: `SSH ${at}`, fault: "stall", ssh: { at, kind: "stall" } },
    { step: `SSH ${at}`, fault: "kill", ssh: { at, kind: "stall", times: 1 }, kill: true },
  ]);
  const bytes = [200, 1_200, 2_400].flatMap((bytes): Fault[] => [
    { step: `SSH after ${bytes} bytes`, fault: "cut", ssh: { at: "bytes", kind: "drop", bytes } },
    {
      step: `SSH after ${bytes} bytes`,
      fault: "stall",
      ssh: { at: "bytes", kind: "stall", bytes },
    },
  ]);
  return [{ step: "SSH host key", fault: "another key", otherHostKey: true }, ...perStep, ...bytes];
}

/**
 * Faults in the talk with the database.
 *
 * @param messages a whole talk, as it goes when nothing breaks
 */
export function wireFaults(messages: readonly WireMessage[]): Fault[] {
  const statement = statementNames(messages);
  return messages.flatMap((message, position): Fault[] => {
    const { from, index, type } = message;
    // PostgreSQL sends a dozen ParameterStatus in one go: the first stands for all.
    if (type === "S" && from === "server" && messages[position - 1]?.type === "S") return [];
    const step = `${from} ${index}: ${messageName(message)}${statement[position] ?? ""}`;
    const at = (moment: WireFault["moment"], how: WireFault["how"], times?: number): WireFault => ({
      ...{ from, index, moment, how },
      ...(times ? { times } : {}),
    });
    const everywhere: Fault[] = [{ step, fault: "cut", wire: at("before", "cut") }];
    const isAsk = from === "client" && ["startup", "p", "Q", "P", "X"].includes(type);
    const isAnswer = from === "server" && messages[position - 1]?.from === "client" && type !== "E";
    if (isAsk) {
      // After the goodbye there is nothing to heal, nor anything that could stall.
      if (type === "X")
        return [...everywhere, { step, fault: "kill", wire: at("before", "hold", 1), kill: true }];
      everywhere.push(
        { step, fault: "cut once", wire: at("before", "cut", 1), heals: true },
        { step, fault: "passed on, then cut", wire: at("after", "cut") },
        { step, fault: "stall", wire: at("before", "stall") },
        { step, fault: "kill", wire: at("before", "hold", 1), kill: true },
        { step, fault: "passed on, then kill", wire: at("after", "hold", 1), kill: true },
        { step, fault: "SSH cut once", wire: at("before", "hold", 1), cutSsh: true, heals: true },
      );
      if (type === "Q" || type === "P") {
        everywhere.push(
          { step, fault: "session ended by PostgreSQL", wire: at("before", "terminate") },
          {
            step,
            fault: "session ended by PostgreSQL once",
            wire: at("before", "terminate", 1),
            heals: true,
          },
          ...serverFaults(step, at, message.text === "COMMIT"),
        );
      }
    }
    if (isAnswer) {
      everywhere.push(
        { step, fault: "answer cut once", wire: at("before", "cut", 1), heals: true },
        { step, fault: "answer withheld", wire: at("before", "stall") },
        { step, fault: "answer withheld, then kill", wire: at("before", "hold", 1), kill: true },
      );
    }
    return everywhere;
  });
}

/** PostgreSQL itself goes away at a statement: its process for this session is killed, or all of it is restarted. */
function serverFaults(
  step: string,
  at: (moment: WireFault["moment"], how: WireFault["how"], times?: number) => WireFault,
  isCommit: boolean,
): Fault[] {
  const own = (fault: string, wire: WireFault): Fault => {
    return { step, fault, wire, noticed: true, shakesAll: true };
  };
  return [
    own("backend killed", at("before", "kill", 1)),
    own("PostgreSQL restarted", at("before", "restart", 1)),
    ...(isCommit
      ? [
          own("passed on, then backend killed", at("after", "kill", 1)),
          own("passed on, then PostgreSQL restarted", at("after", "restart", 1)),
        ]
      : []),
  ];
}

const names: Record<string, string> = {
  "client startup": "start-up",
  "client p": "password exchange",
  "client Q": "query",
  "client P": "parse",
  "client B": "bind",
  "client D": "describe",
  "client E": "execute",
  "client S": "sync",
  "client X": "goodbye",
  "server R": "authentication",
  "server S": "parameter status",
  "server K": "session key",
  "server Z": "ready",
  "server T": "row description",
  "server D": "row",
  "server C": "done",
  "server E": "error",
  "server N": "notice",
  "server 1": "parsed",
  "server 2": "bound",
  "server n": "no data",
};

function messageName({ from, type }: WireMessage): string {
  return names[`${from} ${type}`] ?? `message ${type}`;
}

/** For each message the statement it belongs to, as ` (SELECT …)`. */
function statementNames(messages: readonly WireMessage[]): string[] {
  let current = "";
  return messages.map(({ from, type, text }) => {
    if (from === "client" && (type === "Q" || type === "P")) current = ` (${text})`;
    if (from === "client" && type === "X") current = "";
    return current;
  });
}

// The resource remote.Command: a command run when it is created, changed and deleted.

import { randomBytes } from "node:crypto";

import { changesBetween } from "../../../plugin/difference";
import type { Change, Failure, Known, Resource, Session } from "../../../plugin/provider";
import { hasUnknown, same, UNKNOWN, type Value, type Values } from "../../../plugin/wire";
import { checkConnection, connectionOf } from "./connection";
import { run } from "./run";

const inputs = [
  "addPreviousOutputInEnv",
  "connection",
  "create",
  "delete",
  "environment",
  "logging",
  "stdin",
  "triggers",
  "update",
];

const loggings = ["stdout", "stderr", "stdoutAndStderr", "none"];

/** remote.Command, as the plugin `command` has it. */
export const remoteCommand: Resource = {
  secrets: ["connection"],

  check(news) {
    const checked: Values = {};
    const failures: Failure[] = [];
    for (const [key, value] of Object.entries(news)) {
      if (value === null || key.startsWith("__")) continue;
      checked[key] = value;
      if (!inputs.includes(key)) failures.push({ property: key, reason: "Unrecognized property" });
    }
    if (checked["connection"] === undefined) {
      failures.push({ property: "connection", reason: "Missing required property 'connection'" });
    } else if (checked["connection"] !== UNKNOWN) {
      checked["connection"] = connectionOf(checked["connection"]);
      failures.push(...checkConnection(checked["connection"] as Values));
    }
    for (const key of ["create", "update", "delete", "stdin"]) {
      if (checked[key] !== undefined && typeof checked[key] !== "string") {
        failures.push({ property: key, reason: "it must be a text" });
      }
    }
    const logging = checked["logging"];
    if (logging !== undefined && logging !== UNKNOWN && !loggings.includes(String(logging))) {
      failures.push({
        property: "logging",
        reason: `it must be one of ${loggings.join(", ")}, and is "${String(logging)}"`,
      });
    }
    return { inputs: checked, failures };
  },

  diff(known, news) {
    const changes: Record<string, Change> = {};
    for (const key of inputs) {
      const from = known.oldInputs[key];
      Object.assign(changes, changesBetween(key, from, news[key], key === "triggers"));
    }
    return { changes };
  },

  previewCreate(wanted) {
    return { ...wanted, stdout: UNKNOWN, stderr: UNKNOWN };
  },

  async create({ name }, wanted, session) {
    const id = `${name}${randomBytes(4).toString("hex")}`;
    const output =
      wanted["create"] === undefined ? {} : await started(wanted, {}, "create", session);
    return { id, state: { ...wanted, stdout: "", stderr: "", ...output } };
  },

  /** A command that ran leaves nothing to look at: what is known stays. */
  async read(known) {
    if (Object.keys(known.state).length === 0) return undefined;
    return { id: known.id, inputs: known.oldInputs, state: known.state };
  },

  previewUpdate(known, wanted) {
    const unchanged =
      inputs.every((key) => same(known.oldInputs[key], wanted[key])) && !hasUnknown(wanted);
    const output = unchanged ? outputOf(known.state) : { stdout: UNKNOWN, stderr: UNKNOWN };
    return { ...wanted, ...output };
  },

  async update(known, wanted, session) {
    const which = wanted["update"] === undefined ? "create" : "update";
    const before = outputOf(known.state);
    if (wanted[which] === undefined) return { ...wanted, ...before };
    return { ...wanted, ...(await started(wanted, before, which, session)) };
  },

  async delete(known: Known, session) {
    if (known.state["delete"] === undefined) return;
    await started(known.state, outputOf(known.state), "delete", session);
  },
};

function outputOf(state: Values): Values {
  return { stdout: state["stdout"] ?? "", stderr: state["stderr"] ?? "" };
}

/** Runs one of the commands. @param before What the last one said, for the environment of this one. */
async function started(
  values: Values,
  before: Values,
  which: "create" | "update" | "delete",
  session: Session,
): Promise<Values> {
  const environment = Object.entries((values["environment"] ?? {}) as Record<string, Value>);
  const previous: [string, string][] = [];
  if (values["addPreviousOutputInEnv"] !== false) {
    if (before["stdout"]) previous.push(["PULUMI_COMMAND_STDOUT", String(before["stdout"])]);
    if (before["stderr"]) previous.push(["PULUMI_COMMAND_STDERR", String(before["stderr"])]);
  }
  const logging = String(values["logging"] ?? "stdoutAndStderr");
  const { stdout, stderr } = await run(
    {
      connection: connectionOf(values["connection"] ?? {}),
      command: String(values[which]),
      stdin: values["stdin"] === undefined ? undefined : String(values["stdin"]),
      environment: environment.map(([key, value]) => [key, String(value)]),
      previous,
      logStdout: logging === "stdout" || logging === "stdoutAndStderr",
      logStderr: logging === "stderr" || logging === "stdoutAndStderr",
    },
    session,
  );
  return { stdout: stdout.replace(/\n$/, ""), stderr: stderr.replace(/\n$/, "") };
}

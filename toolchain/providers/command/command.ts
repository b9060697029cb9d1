// The resource remote.Command: a command run when it is created, changed and deleted.

import { randomBytes } from "node:crypto";

import { changesBetween } from "../../../plugin/difference";
import type { Change, Failure, Known, Resource, Session } from "../../../plugin/provider";
import {
  hasUnknown,
  isObject,
  same,
  secretOf,
  UNKNOWN,
  type Value,
  type Values,
} from "../../../plugin/wire";
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
  secrets: [], // marked below, with what is secret within

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
    return { inputs: marked(checked), failures };
  },

  diff(known, news) {
    const changes: Record<string, Change> = {};
    for (const key of inputs) {
      const from = known.oldInputs[key];
      // What needs a new command is the SDK's to say, and it says so of triggers.
      Object.assign(changes, changesBetween(key, from, news[key], false));
    }
    return { changes };
  },

  previewCreate(wanted) {
    return marked({ ...wanted, stdout: UNKNOWN, stderr: UNKNOWN });
  },

  previewId: idFor,

  async create({ name }, wanted, session) {
    const id = idFor({ name });
    const output =
      wanted["create"] === undefined ? {} : await started(wanted, {}, "create", session);
    return { id, state: marked({ ...wanted, stdout: "", stderr: "", ...output }) };
  },

  /** A command that ran leaves nothing to look at: what is known stays. */
  async read(known) {
    if (Object.keys(known.state).length === 0) return undefined;
    return { id: known.id, inputs: marked(known.oldInputs), state: marked(known.state) };
  },

  previewUpdate(known, wanted) {
    const unchanged =
      inputs.every((key) => same(known.oldInputs[key], wanted[key])) && !hasUnknown(wanted);
    const output = unchanged ? outputOf(known.state) : { stdout: UNKNOWN, stderr: UNKNOWN };
    return marked({ ...wanted, ...output });
  },

  async update(known, wanted, session) {
    const which = wanted["update"] === undefined ? "create" : "update";
    const before = outputOf(known.state);
    if (wanted[which] === undefined) return marked({ ...wanted, ...before });
    return marked({ ...wanted, ...(await started(wanted, before, which, session)) });
  },

  async delete(known: Known, session) {
    if (known.state["delete"] === undefined) return;
    await started(known.state, outputOf(known.state), "delete", session);
  },
};

function idFor({ name }: { readonly name: string }): string {
  return `${name}${randomBytes(4).toString("hex")}`;
}

/** The connection is a secret, and so is within it whatever opens a door. */
function marked(values: Values): Values {
  const { connection } = values;
  if (!isObject(connection)) return values;
  const { proxy } = connection;
  const inner = isObject(proxy) ? { ...connection, proxy: withSecrets(proxy) } : connection;
  return { ...values, connection: secretOf(withSecrets(inner)) };
}

function withSecrets(connection: Values): Values {
  return Object.fromEntries(
    Object.entries(connection).map(([key, value]) => [
      key,
      ["password", "privateKey", "privateKeyPassword"].includes(key) ? secretOf(value) : value,
    ]),
  );
}

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

/**
 * The stand-ins answer as the official plugins did: the calls that the engine made to those are made to these, and
 * their answers are compared, marks of secrets and error texts included.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { Client } from "pg";

import { type Postgres, startPostgres } from "../../sandbox/postgres";
import { reportReplay } from "../support/replayReport";
import { type Json, Plugin, type Props } from "./plugin";
import { RecordedAuthentik } from "./replay/authentik";
import { answerOf, filled, requestOf } from "./replay/calls";
import { prepareDatabase } from "./replay/postgres";
import { type Call, recordedCalls } from "./replay/recorded";

/** What differs on purpose, and why. */
const ON_PURPOSE = [
  "__meta, __pulumi_raw_state_delta: left out by the stand-ins; the bridge's notes to itself, which it does without",
  "command Create and Delete that dial: the command's own tests do, against a real SSH server",
];

/** Compared by likeness, not letter by letter. */
const LIKENESS = [
  "what is random: a password, its hash, the id of a command",
  "addresses: the server's of the test in the place of that of the recording",
];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "plugins-replay-"));
const plugins = {
  command: new Plugin("command"),
  postgresql: new Plugin("postgresql"),
  random: new Plugin("random"),
  "terraform-provider": new Plugin("authentik"),
};
const authentik = new RecordedAuthentik();
let postgres: Postgres;
let admin: Client;

beforeAll(async () => {
  [postgres] = await Promise.all([
    startPostgres({ folder: path.join(folder, "data") }),
    authentik.start(),
    ...Object.values(plugins).map((plugin) => plugin.start()),
  ]);
  admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  await plugins["terraform-provider"].parameterize(
    "authentik",
    "2026.5.0",
    "goauthentik/authentik",
  );
}, 60_000);
afterAll(async () => {
  await admin?.end();
  await Promise.all([
    ...Object.values(plugins).map((plugin) => plugin.stop()),
    authentik.stop(),
    postgres?.stop(),
  ]);
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Brings the world and the plugin's configuration to where they were at a call. */
async function prepare(call: Call): Promise<void> {
  const message = call.error?.message ?? "";
  if (call.plugin === "terraform-provider") {
    authentik.prepare(call);
    const url = message.includes("connection refused") ? "http://127.0.0.1:1" : authentik.url;
    await plugins[call.plugin].configure("authentik", { url, token: "t" });
  }
  if (call.plugin === "postgresql") {
    if (["Create", "Read", "Update", "Delete"].includes(call.method)) {
      await prepareDatabase(admin, call);
    }
    await plugins.postgresql.configure("postgresql", {
      host: postgres.host,
      port: String(postgres.port),
      username: postgres.user,
      password: message.includes("password authentication") ? "wrong" : postgres.password,
      database: postgres.database,
      sslmode: "disable",
    });
  }
}

async function answered(call: Call): Promise<Props> {
  const plugin = plugins[call.plugin];
  try {
    if (call.method === "Configure") return await configured(call);
    const method = call.method[0]?.toLowerCase() + call.method.slice(1);
    const response = await plugin.raw(method, requestOf(call));
    return like(call, answerOf(call.method, response));
  } catch (error) {
    const { code, details } = error as grpc.ServiceError;
    if (code === undefined) throw error;
    const name = code === grpc.status.UNIMPLEMENTED ? "Unimplemented" : "Unknown";
    return { code: name, message: details.replace(/127\.0\.0\.1:\d+/g, "HOST") };
  }
}

async function configured(call: Call): Promise<Props> {
  const values = (call.request["variables"] ?? {}) as Record<string, string>;
  const entries = Object.entries(values).map(([key, value]) => [key.split(":").at(-1), value]);
  const name = call.plugin === "terraform-provider" ? "authentik" : call.plugin;
  const response = await plugins[call.plugin].configure(name, Object.fromEntries(entries));
  return answerOf("Configure", response);
}

/** Takes over from the record what nobody can foretell, where there is something of its form. */
function like(call: Call, answer: Props): Props {
  const recorded = call.answer ?? {};
  const id = String(answer["id"] ?? "");
  if (call.plugin === "command" && /^.+[0-9a-f]{8}$/.test(id)) {
    return { ...answer, ...(recorded["id"] ? { id: recorded["id"] } : {}) };
  }
  if (call.plugin !== "random" || call.method !== "Create") return answer;
  const properties = { ...(answer["properties"] as Props) };
  for (const key of ["result", "bcryptHash"]) {
    const made = properties[key];
    if (isSecretText(made)) properties[key] = (recorded["properties"] as Props)[key] ?? null;
  }
  return { ...answer, properties };
}

function isSecretText(value: Json | undefined): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    typeof value["value"] === "string" &&
    value["value"] !== ""
  );
}

/** Without the values that are undefined or absent, and with one name for every address. */
function expected(call: Call): Props {
  if (!call.error) return filled(call.answer ?? {});
  const { code, message } = call.error;
  return { code, message: message.replace(/host\d+\.example:80/g, "HOST") };
}

/** Where two answers differ. */
function differences(wanted: Json, got: Json, at = ""): string[] {
  if (isDeepStrictEqual(wanted, got)) return [];
  const both = [wanted, got].every(
    (one) => typeof one === "object" && one !== null && !Array.isArray(one),
  );
  if (!both) return [`${at}: ${JSON.stringify(wanted)} → ${JSON.stringify(got)}`];
  const [a, b] = [wanted as Props, got as Props];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) =>
    isDeepStrictEqual(a[key], b[key])
      ? []
      : a[key] === undefined || b[key] === undefined
        ? [`${at}.${key}: ${JSON.stringify(a[key])} → ${JSON.stringify(b[key])}`]
        : differences(a[key], b[key], `${at}.${key}`),
  );
}

test("every recorded call is answered as by the official plugin", async () => {
  const wrong: string[] = [];
  const calls = recordedCalls();
  for (const call of calls) {
    await prepare(call);
    const found = differences(expected(call), await answered(call));
    if (found.length === 0) continue;
    wrong.push(
      `${call.plugin} ${call.method} ${call.type ?? ""} (${call.seen})\n    ${found.join("\n    ")}`,
    );
  }
  reportReplay("plugins", {
    compared: calls.length,
    equal: calls.length - wrong.length,
    onPurpose: ON_PURPOSE,
    likeness: LIKENESS,
  });
  expect(wrong).toEqual([]);
  expect(calls.length).toBeGreaterThan(150);
}, 120_000);

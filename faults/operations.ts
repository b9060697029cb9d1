/** What is broken: the four operations of the settings row, and what each starts from and leads to. */
import type { Way } from "../immich/open";
import type { RowState, Wanted } from "../immich/row";
import * as row from "../immich/row";
import type { Previous, Settings, StoreName } from "../immich/types";

export const STORES: readonly StoreName[] = ["system_metadata", "system_config"];
export const OPERATIONS = ["create", "update", "read", "delete"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Texts that may appear in no message, whatever happens. */
export const canaries = {
  before: "canary-a-8d1f7c",
  first: "canary-b-2e90aa",
  second: "canary-c-77f310",
  password: "canary-d-5b61de",
  apiKey: "canary-e-94c0b7",
} as const;

/** The functions under test; a defective set of them is what the harness must find. */
export interface Writer {
  create(context: Way, wanted: Wanted): Promise<RowState>;
  update(context: Way, wanted: Wanted, state: RowState): Promise<RowState>;
  read(context: Way, state: RowState): Promise<RowState>;
  /** Returns its warnings. */
  delete(context: Way, state: RowState): Promise<readonly string[]>;
}

/** The project's own. */
export const realWriter: Writer = {
  create: async (context, wanted) => (await row.createRow(context, wanted)).state,
  update: async (context, wanted, state) => (await row.updateRow(context, wanted, state)).state,
  read: row.readRow,
  delete: async (context, state) => (await row.deleteRow(context, state)).warnings,
};

/** What an operation is given. */
export interface Job {
  readonly operation: Operation;
  readonly wanted: Wanted;
  /** What Pulumi's state says; none before `create`. */
  readonly state?: RowState;
}

/** What became of it. */
export interface Done {
  /** What Pulumi's state would say afterwards; none after `delete`. */
  readonly state?: RowState;
  readonly warnings: readonly string[];
}

/** Does it. */
export async function perform(writer: Writer, context: Way, job: Job): Promise<Done> {
  const { operation, wanted, state } = job;
  if (operation === "create" || state === undefined) {
    return { state: await writer.create(context, wanted), warnings: [] };
  }
  if (operation === "update") {
    return { state: await writer.update(context, wanted, state), warnings: [] };
  }
  if (operation === "read") return { state: await writer.read(context, state), warnings: [] };
  return { warnings: await writer.delete(context, state) };
}

/** What the first `up` deploys. */
export const firstSettings: Settings = {
  "oauth.enabled": true,
  "oauth.clientId": "immich-oauth-client",
  "oauth.clientSecret": canaries.first,
  "oauth.issuerUrl": "https://auth.example.org/application/o/immich/",
  "oauth.scope": "openid email profile",
  "oauth.buttonText": "Login with Authentik",
  "oauth.autoRegister": true,
};

/** What a later one deploys: values changed, one setting given up, one more. */
export const secondSettings: Settings = {
  ...Object.fromEntries(
    Object.entries(firstSettings).filter(([key]) => key !== "oauth.autoRegister"),
  ),
  "oauth.clientSecret": canaries.second,
  "oauth.buttonText": "Sign in",
  "oauth.autoLaunch": true,
};

/** Settings of an Immich that was in use before. */
const used = {
  oauth: {
    enabled: true,
    clientId: "old-client",
    clientSecret: canaries.before,
    issuerUrl: "https://old.example.org/",
    buttonText: "Old way in",
    autoRegister: false,
  },
  ffmpeg: { crf: 28, acceptedAudioCodecs: ["aac", "opus"] },
  server: { externalDomain: "https://photos.example.org", loginPageMessage: 'Hello 🏞️ \\ "you"' },
  storageTemplate: { enabled: true, template: "{{y}}/{{MM}}/{{filename}}" },
};

/** SQL that fills the settings' table; `isUsed` false: as Immich makes it, before anybody saved. */
export function seed(store: StoreName, isUsed: boolean): string {
  const text = (value: unknown) => `'${JSON.stringify(value).replaceAll("'", "''")}'`;
  if (store === "system_metadata") {
    const flags = `INSERT INTO system_metadata VALUES ('system-flags', '{"mountChecks":{"thumbs":true}}')`;
    return isUsed ? `${flags}, ('system-config', ${text(used)})` : flags;
  }
  const rows = Object.entries(used).flatMap(([group, values]) =>
    Object.entries(values).map(([name, value]) => `('${group}.${name}', ${text(value)})`),
  );
  return isUsed ? `INSERT INTO system_config VALUES ${rows.join(", ")}` : "SELECT 1";
}

/** The job of an operation. */
export function jobOf(operation: Operation, previous: Previous, state?: RowState): Job {
  const settings = operation === "update" ? secondSettings : firstSettings;
  return { operation, wanted: { settings, previous }, ...(state ? { state } : {}) };
}

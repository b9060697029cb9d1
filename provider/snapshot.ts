/**
 * `immich:index:SettingsSnapshot`: looks at everything before anything is touched, and remembers what Immich's settings
 * were. It only reads. It is in Pulumi's state before anything is written: a deployment that dies at any later point still
 * knows what to put back. A setting is remembered when it enters the list.
 */
import type { Snapshot } from "../immich/row";
import type { Previous, SettingsStore } from "../immich/types";
import { STORES } from "../immich/types";
import type { Resource } from "../plugin/provider";
import { UNKNOWN, type Value, type Values } from "../plugin/wire";
import { AdvisedError } from "../ssh/errors";
import { databaseIdAt, wayTo } from "./access";
import { inputChanges } from "./compare";
import {
  along,
  type Configuration,
  type DatabaseConfiguration,
  type DatabaseWay,
  describeWay,
  type Way,
  wayOf,
  waysOut,
} from "./configuration";
import { databaseId } from "./identity";
import { login as logins, row, service as services } from "./late";

const INPUTS = ["database", "service", "store", "keys", "restarts"];

interface Found extends Snapshot {
  readonly databaseId: string;
}

/** Makes the resource. */
export function settingsSnapshot(configured: () => Configuration): Resource {
  return {
    secrets: ["previous"],
    notImported:
      "it is a memory of this stack alone. Declare it: the next `pulumi up` looks at what is stored now.",

    check(news) {
      const inputs: Values = { store: "system_metadata", restarts: true, ...news };
      const configuration = configured();
      const { api } = configuration;
      // Whatever is said: through the API neither a table nor a Compose service is known.
      if (api) Object.assign(inputs, { store: "api", restarts: false });
      inputs["database"] ??= describeWay(wayOf(configuration));
      // Another one is looked at before the next change is written, not after it when the restart fails.
      inputs["service"] =
        configuration.api || inputs["restarts"] !== true ? "" : serviceOf(configuration);
      const isAllowed = api || [...STORES, UNKNOWN].includes(String(inputs["store"]));
      return {
        inputs,
        failures: isAllowed ? [] : [{ property: "store", reason: `allowed: ${STORES.join(", ")}` }],
      };
    },

    diff({ oldInputs }, inputs) {
      // States of before do not say which service it was: that alone is no change.
      return inputChanges({ service: inputs["service"] ?? "", ...oldInputs }, inputs, INPUTS);
    },

    previewCreate: (inputs) => ({
      ...inputs,
      previous: UNKNOWN,
      immichVersion: UNKNOWN,
      databaseId: UNKNOWN,
      way: UNKNOWN,
    }),

    async create(_about, inputs) {
      const found = await look(configured(), inputs, {}, true);
      return { id: found.databaseId, state: state(configured(), inputs, found) };
    },

    /** A memory does not drift: what was there before stays what was there before. */
    async read({ id, oldInputs, state: remembered }) {
      return { id, inputs: oldInputs, state: remembered };
    },

    /** Another database is possible, but what is remembered is kept for the one that most often it still is. */
    previewUpdate: (known, inputs) => ({ ...known.state, ...inputs, previous: UNKNOWN }),

    async update(known, inputs, session) {
      const before = known.state;
      const memory = (before["previous"] ?? {}) as unknown as Previous;
      const found = await look(configured(), inputs, memory);
      const earlier = before["databaseId"];
      // A state of version 0.1 knows the name alone, and took another name for another database.
      if (typeof earlier !== "string" || earlier === found.databaseId)
        return state(configured(), inputs, found);
      if (configured().databaseMovedFrom === earlier) return state(configured(), inputs, found);
      const way = before["way"] as unknown as Way | undefined;
      const now = configured();
      // An API does not tell which database is behind it. Whether it is the same Immich the settings themselves will tell,
      // which are looked at when they are written; until then what is remembered is kept.
      if (now.api || way?.api !== undefined) return state(now, inputs, found);
      await refuseUnlessReachable(now, inputs, way, earlier, found.databaseId);
      session.log("info", `another database than before: what was there is remembered anew`);
      return state(configured(), inputs, await look(configured(), inputs, {}));
    },

    async delete() {},
  };
}

/** The service that is restarted, in words. */
function serviceOf({ composeDirectory, composeService }: DatabaseConfiguration): string {
  return `${composeService} in ${composeDirectory}`;
}

function state(configuration: Configuration, inputs: Values, found: Found): Values {
  return {
    ...inputs,
    previous: found.previous as unknown as Value,
    immichVersion: found.immichVersion,
    databaseId: found.databaseId,
    way: wayOf(configuration) as unknown as Value,
  };
}

/**
 * Looks at the host, the service that is to be restarted, the container, the database, the login that is to be made there and
 * Immich; remembers `keys`.
 *
 * @param isNew whether this stack has made nothing yet
 */
async function look(
  configuration: Configuration,
  inputs: Values,
  known: Previous,
  isNew = false,
): Promise<Found> {
  const context = await wayTo(configuration, {
    store: inputs["store"] as SettingsStore,
    login: "",
  });
  let id = configuration.api?.url ?? "";
  const found = await row().snapshotRow(
    context,
    inputs["keys"] as string[],
    known,
    async ({ reached }) => {
      if (configuration.api || !reached) return;
      const { runtime, composeDirectory: directory, composeService: service } = configuration;
      if (inputs["restarts"] !== false)
        await services().lookAtService(reached.ssh, { runtime, directory, service });
      id = await databaseId(reached.db);
      const { makesLogin } = inputs;
      if (typeof makesLogin === "string" && makesLogin !== "")
        await logins().lookAtLogin(reached.db, configuration, makesLogin, isNew);
    },
  );
  return { ...found, databaseId: id };
}

/**
 * The database of the last deployment is another one than this. It still has this stack's settings; they are taken back
 * by the settings resource, which needs to get there.
 *
 * @throws Error that says what stays there, and what to do
 */
async function refuseUnlessReachable(
  configuration: DatabaseConfiguration,
  inputs: Values,
  old: DatabaseWay | undefined,
  earlier: string,
  now: string,
): Promise<void> {
  let why = "how it was reached is not known";
  try {
    if (old) {
      const found = await databaseIdAt(along(old, configuration), inputs["store"] as SettingsStore);
      if (found === earlier) return;
      why = `another one answers there (${found})`;
    }
  } catch (error) {
    why = error instanceof AdvisedError ? error.what : (error as Error).message;
  }
  const was = old ? describeWay(old) : earlier;
  throw new Error(
    `${describeWay(wayOf(configuration))} is another database (${now}) than the one that this stack has set up ` +
      `(${was}; ${earlier}), and that one can't be reached to take the settings back: ${why}\nNothing was touched. ` +
      `There, Immich's OAuth settings and a Postgres login of this stack stay as they are.\n${waysOut(earlier)}`,
  );
}

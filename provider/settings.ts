/**
 * `immich:index:Settings`: settings of Immich, in its own database. Owns the settings it was given and no others. What was
 * there before comes back when it is deleted.
 */
import type { RowContext } from "../immich/reach";
import type { RowChange, RowState, Wanted } from "../immich/row";
import { sameValue } from "../immich/reading";
import type { Previous, Settings, StoreName } from "../immich/types";
import { validateSettings } from "../immich/validate";
import { needsRestart } from "../immich/version";
import type { Failure, Known, Resource, Session } from "../plugin/provider";
import { isObject, same, UNKNOWN, type Value, type Values } from "../plugin/wire";
import { type Access, asLogin, databaseIdAt, dropLogin, looking } from "./access";
import { inputChanges } from "./compare";
import { along, type Configuration, describeWay, type Way, wayOf, waysOut } from "./configuration";
import { connections, issuer, row, service as services } from "./late";

const INPUTS = [
  "store",
  "login",
  "settings",
  "whereKnown",
  "previous",
  "databaseId",
  "restartOnDelete",
  "restartTimeoutSeconds",
];

/** What a restart after removal depends on: always, only where Immich's version needs one, never. */
const RESTARTS = ["always", "whenNeeded", "never"];

/** Makes the resource. */
export function settingsResource(configured: () => Configuration): Resource {
  return {
    secrets: ["previous", "deployed", "restores"],
    notImported:
      "nothing of Immich's settings has to be. Declare them: the first `pulumi up` takes over what is stored, and remembers it for `pulumi destroy`.",

    check(news) {
      const inputs: Values = {
        store: "system_metadata",
        login: "",
        restartOnDelete: "whenNeeded",
        restartTimeoutSeconds: 120,
        ...news,
      };
      return { inputs, failures: problems(inputs) };
    },

    diff: ({ oldInputs }, inputs) =>
      inputChanges({ restartOnDelete: "whenNeeded", ...oldInputs }, inputs, INPUTS, [
        "previous",
        "databaseId",
      ]),

    previewCreate: (inputs) => ({
      ...inputs,
      settingsChangedAt: UNKNOWN,
      immichVersion: UNKNOWN,
      skipped: UNKNOWN,
    }),

    async create(_about, inputs, session) {
      const { done, warnings } = await asLogin(configured(), access(inputs), (context) =>
        row().createRow(context, wanted(inputs)),
      );
      return {
        id: String(inputs["databaseId"] ?? describeWay(wayOf(configured()))),
        state: outputs(configured(), inputs, done, warnings, session),
      };
    },

    async read({ id, state }) {
      const known = rowState(state);
      const place = await placeOf(configured(), state);
      const { done, refused } = await looking(place, access(state), (context) =>
        row().readRow(context, known),
      );
      const now = (given: Value | undefined) =>
        Object.fromEntries(
          Object.entries(isObject(given) ? given : {}).map(([key, value]) => [
            key,
            done.settings[key] ?? value,
          ]),
        );
      const inputs: Values = {
        ...pick(state, INPUTS),
        settings: now(state["settings"]),
        ...(state["whereKnown"] ? { whereKnown: now(state["whereKnown"]) } : {}),
        // A login that can't log in shows as a difference, and the next update makes it good.
        ...(refused ? { login: "(refused)" } : {}),
      };
      return { id, inputs, state: { ...state, ...inputs, ...rowOutputs(done) } };
    },

    previewUpdate({ oldInputs, state }, inputs) {
      const writes = Object.keys(
        inputChanges(oldInputs, inputs, ["store", "settings", "whereKnown", "databaseId"]).changes,
      ).length;
      return { ...state, ...inputs, ...(writes > 0 ? { settingsChangedAt: UNKNOWN } : {}) };
    },

    async update(known, inputs, session) {
      const elsewhere = isElsewhere(configured(), known, inputs);
      if (elsewhere) await takeBack(elsewhere, known.state, inputs, session);
      const { done, warnings } = await asLogin(configured(), access(inputs), async (context) => {
        const before = rowState(known.state);
        const again = !elsewhere || (await isCopy(context, before));
        return again
          ? row().updateRow(context, wanted(inputs), before)
          : row().createRow(context, wanted(inputs));
      });
      return outputs(configured(), inputs, done, warnings, session);
    },

    async delete({ state }, session) {
      const place = await placeOf(configured(), state);
      await putBack(place, state, session);
      await restartAfterwards(place, state, session);
    },
  };
}

/** Every setting that this or any Immich would refuse, before anything is touched. */
function problems(inputs: Values): Failure[] {
  const failures: Failure[] = [];
  const settings = inputs["settings"];
  if (!isObject(settings)) {
    if (settings !== UNKNOWN) failures.push({ property: "settings", reason: "is required" });
  } else {
    const known = Object.entries(settings).filter(([, value]) => value !== UNKNOWN);
    const store = inputs["store"] as StoreName;
    // What only some versions know is judged when the version is known.
    const names = known.map(([key]) => key);
    const found = validateSettings(Object.fromEntries(known) as Settings, {
      store,
      deployed: Object.fromEntries(known) as Settings,
      whereKnown: names,
    });
    for (const { key, given, allowed } of found)
      failures.push({
        property: `settings[${JSON.stringify(key)}]`,
        reason: `is ${given}; allowed is ${allowed}`,
      });
  }
  const restarts = inputs["restartOnDelete"];
  if (restarts !== UNKNOWN && !RESTARTS.includes(String(restarts)))
    failures.push({ property: "restartOnDelete", reason: `allowed: ${RESTARTS.join(", ")}` });
  return failures;
}

const access = (values: Values): Access => ({
  store: values["store"] as StoreName,
  login: values["login"] === "(refused)" ? "" : String(values["login"] ?? ""),
});

function wanted(inputs: Values): Wanted {
  const { settings, whereKnown, previous } = inputs;
  return {
    settings: settings as Settings,
    previous: (previous ?? {}) as unknown as Previous,
    ...(isObject(whereKnown) ? { whereKnown: whereKnown as Settings } : {}),
  };
}

function rowState(state: Values): RowState {
  const skipped = (state["skipped"] ?? []) as string[];
  const all = { ...(state["settings"] as Settings), ...(state["whereKnown"] as Settings) };
  return {
    settings: Object.fromEntries(Object.entries(all).filter(([key]) => !skipped.includes(key))),
    deployed: state["deployed"] as Settings,
    previous: (state["restores"] ?? {}) as unknown as Previous,
    settingsChangedAt: String(state["settingsChangedAt"]),
    immichVersion: String(state["immichVersion"] ?? ""),
    skipped,
  };
}

function rowOutputs(state: RowState): Values {
  return {
    deployed: state.deployed,
    restores: state.previous as unknown as Value,
    settingsChangedAt: state.settingsChangedAt,
    immichVersion: state.immichVersion,
    skipped: [...state.skipped],
  };
}

function outputs(
  configuration: Configuration,
  inputs: Values,
  { state, warnings }: Pick<RowChange, "state" | "warnings">,
  more: readonly string[],
  session: Session,
): Values {
  for (const warning of [...more, ...warnings]) session.log("warning", warning);
  return { ...inputs, ...rowOutputs(state), way: wayOf(configuration) as unknown as Value };
}

/**
 * How the database that has the settings is reached. After a move that was refused, the configuration that Pulumi keeps of
 * this provider leads to another one already.
 */
async function placeOf(configuration: Configuration, state: Values): Promise<Configuration> {
  const { way, databaseId: id } = state;
  if (!isObject(way) || typeof id !== "string" || configuration.databaseMovedFrom === id)
    return configuration;
  if (same(way, wayOf(configuration) as unknown as Value)) return configuration;
  try {
    if ((await databaseIdAt(configuration, access(state).store)) === id) return configuration;
  } catch {
    // Not reached by its new name: then perhaps by the one that it had.
  }
  return along(way as unknown as Way, configuration);
}

/** How the database that was written last is reached, where it is another one than now and was not moved. */
function isElsewhere(
  configuration: Configuration,
  { state }: Known,
  inputs: Values,
): Configuration | undefined {
  const [before, now] = [state["databaseId"], inputs["databaseId"]];
  const isHere = typeof before !== "string" || before === now;
  if (isHere || configuration.databaseMovedFrom === before || !isObject(state["way"]))
    return undefined;
  return along(state["way"] as unknown as Way, configuration);
}

/** Whether this database has our settings already: Immich was moved here with its data. */
async function isCopy(context: RowContext, { deployed }: RowState): Promise<boolean> {
  const found = await row().readSettings(context, Object.keys(deployed));
  return Object.entries(deployed).every(([key, value]) => sameValue(found[key], value));
}

/** Puts the earlier database's settings back, and takes the login away that was made there. */
async function takeBack(
  old: Configuration,
  state: Values,
  inputs: Values,
  session: Session,
): Promise<void> {
  const [before, now] = [String(state["databaseId"]), String(inputs["databaseId"])];
  try {
    await putBack(old, state, session);
    const needed =
      access(state).login === access(inputs).login && before.split("/")[0] === now.split("/")[0];
    for (const warning of await dropLogin(old, access(state), needed))
      session.log("warning", warning);
  } catch (error) {
    throw new Error(
      `The database that this stack has set up before (${describeWay(wayOf(old))}; ${before}) still has its settings, ` +
        `and they can't be taken back: ${(error as Error).message}\n${waysOut(before)}`,
      { cause: error },
    );
  }
  await restartAfterwards(old, state, session);
  session.log("info", `Immich's settings in ${describeWay(wayOf(old))} are as they were before`);
}

async function putBack(
  configuration: Configuration,
  state: Values,
  session: Session,
): Promise<void> {
  const before = rowState(state);
  const { previous, warnings } = await issuer().withoutDeadIssuer(before.previous, before.deployed);
  const { done } = await looking(configuration, access(state), (context) =>
    row().deleteRow(context, { ...before, previous }),
  );
  for (const warning of [...warnings, ...done.warnings]) session.log("warning", warning);
}

/** Restarts Immich where the stack's policy says so. That it fails keeps nobody from taking the stack away. */
async function restartAfterwards(
  configuration: Configuration,
  state: Values,
  session: Session,
): Promise<void> {
  const policy = state["restartOnDelete"];
  const version = String(state["immichVersion"] ?? "") || undefined;
  if (policy === "never" || (policy !== "always" && !needsRestart(version))) return;
  const { runtime, composeDirectory: directory, composeService: service } = configuration;
  try {
    const timeoutSeconds = Number(state["restartTimeoutSeconds"] ?? 120);
    const ssh = await connections().shared(configuration.ssh);
    await services().restartService(ssh, { runtime, directory, service, timeoutSeconds });
  } catch (error) {
    session.log(
      "warning",
      `Immich's settings are back, but Immich was not restarted. ${(error as Error).message}`,
    );
  }
}

function pick(from: Values, keys: readonly string[]): Values {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}

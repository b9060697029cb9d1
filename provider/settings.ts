/**
 * `immich:index:Settings`: settings of Immich, in its own database or through its API. Owns the settings it was given and no others. What was
 * there before comes back when it is deleted.
 */
import type { RowChange, RowState, Wanted } from "../immich/row";
import type { Previous, Settings, SettingsStore } from "../immich/types";
import { validateSettings } from "../immich/validate";
import type { Failure, Resource, Session } from "../plugin/provider";
import { isObject, UNKNOWN, type Value, type Values } from "../plugin/wire";
import { asLogin, looking } from "./access";
import { inputChanges } from "./compare";
import { type Configuration, describeWay, wayOf } from "./configuration";
import { row } from "./late";
import { access, leaveFormer, placeOf, putBack, restartAfterwards, rowState } from "./place";

const INPUTS = [
  "store",
  "login",
  "settings",
  "whereKnown",
  "previous",
  "databaseId",
  "clientStays",
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
        clientStays: false,
        restartOnDelete: "whenNeeded",
        restartTimeoutSeconds: 120,
        ...news,
        // Through the API neither table, login nor restart is known.
        ...(configured().api ? { store: "api", login: "", restartOnDelete: "never" } : {}),
      };
      return { inputs, failures: problems(inputs) };
    },

    diff: ({ oldInputs }, inputs) =>
      inputChanges(
        { clientStays: false, restartOnDelete: "whenNeeded", ...oldInputs },
        inputs,
        INPUTS,
        ["previous", "databaseId"],
      ),

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
      const isOnRecord = await leaveFormer(configured(), known, inputs, session);
      const { done, warnings } = await asLogin(configured(), access(inputs), async (context) =>
        (await isOnRecord(context))
          ? row().updateRow(context, wanted(inputs), rowState(known.state))
          : row().createRow(context, wanted(inputs)),
      );
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
    const store = inputs["store"] as SettingsStore;
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

function wanted(inputs: Values): Wanted {
  const { settings, whereKnown, previous } = inputs;
  return {
    settings: settings as Settings,
    previous: (previous ?? {}) as unknown as Previous,
    ...(isObject(whereKnown) ? { whereKnown: whereKnown as Settings } : {}),
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

function pick(from: Values, keys: readonly string[]): Values {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}

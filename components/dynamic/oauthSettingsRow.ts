import { isDeepStrictEqual } from "node:util";

import type { RowChange, RowState, Wanted } from "../../immich/row";
import { secretMarks } from "../../immich/secretMark";
import type { Previous, Settings } from "../../immich/types";
import { withoutDeadIssuer } from "./deadIssuer";
import { UNKNOWN, warn, withPlainErrors } from "./errors";
import { configure, row, rowContext, stack } from "./stack";

interface Inputs {
  readonly database: string;
  readonly store: string;
  readonly login: string;
  readonly settings: Settings;
  readonly whereKnown?: Settings;
  readonly previous: Previous;
  /** Stands for the secrets among the settings where values are shown. */
  readonly secretMarks?: Readonly<Record<string, string>>;
}

/** The inputs, and what the last operation left. Names that hold secrets: oauthSettingsRow.ts above. */
interface State extends Inputs {
  readonly deployed: Settings;
  readonly restores: Previous;
  readonly settingsChangedAt: string;
  readonly immichVersion: string;
  readonly skipped: readonly string[];
}

function outputs(
  inputs: Inputs,
  { state, warnings }: Pick<RowChange, "state" | "warnings">,
): State {
  warn(warnings);
  return {
    ...inputs,
    deployed: state.deployed,
    restores: state.previous,
    settingsChangedAt: state.settingsChangedAt,
    immichVersion: state.immichVersion,
    skipped: state.skipped,
  };
}

function rowState(state: State): RowState {
  return {
    settings: without({ ...state.settings, ...state.whereKnown }, state.skipped),
    deployed: state.deployed,
    previous: state.restores,
    settingsChangedAt: state.settingsChangedAt,
    immichVersion: state.immichVersion,
    skipped: state.skipped,
  };
}

function wanted({ settings, whereKnown, previous }: Inputs): Wanted {
  return { settings, previous, ...(whereKnown ? { whereKnown } : {}) };
}

/** What Pulumi calls for an `OauthSettingsRow`. */
export const provider = withPlainErrors({
  configure,

  async diff(_id: string, olds: State, news: Inputs) {
    const changes =
      (["database", "store", "login"] as const).some((key) => olds[key] !== news[key]) ||
      !isDeepStrictEqual(olds.settings, news.settings) ||
      !isDeepStrictEqual(olds.whereKnown ?? {}, news.whereKnown ?? {}) ||
      // Not known yet: the snapshot will be updated, and what needs it changes with it.
      ((news.previous as unknown) !== UNKNOWN && !isDeepStrictEqual(olds.previous, news.previous));
    return { changes };
  },

  async create(inputs: Inputs) {
    const done = await row().createRow(
      await rowContext(inputs.login, inputs.store),
      wanted(inputs),
    );
    return { id: inputs.database, outs: outputs(inputs, done) };
  },

  async read(id: string, props: State) {
    const found = await row().readRow(await rowContext(props.login, props.store), rowState(props));
    const now = (settings: Settings): Settings =>
      Object.fromEntries(
        Object.entries(settings).map(([key, value]) => [key, found.settings[key] ?? value]),
      );
    const inputs = {
      database: props.database,
      store: props.store,
      login: props.login,
      settings: now(props.settings),
      ...(props.secretMarks ? { secretMarks: secretMarks(now(props.settings)) } : {}),
      ...(props.whereKnown ? { whereKnown: now(props.whereKnown) } : {}),
      previous: props.previous,
    };
    return { id, props: outputs(inputs, { state: found, warnings: [] }), inputs };
  },

  async update(_id: string, olds: State, news: Inputs) {
    const context = await rowContext(news.login, news.store);
    const moved = olds.database !== news.database;
    const done = moved
      ? await row().createRow(context, wanted(news))
      : await row().updateRow(context, wanted(news), rowState(olds));
    return { outs: outputs(news, done) };
  },

  async delete(_id: string, props: State) {
    const state = rowState(props);
    const { publicUrl } = stack().authentik;
    const putBack = await withoutDeadIssuer(state.previous, state.deployed, publicUrl);
    const context = await rowContext(props.login, props.store);
    const { warnings } = await row().deleteRow(context, { ...state, previous: putBack.previous });
    warn([...putBack.warnings, ...warnings]);
  },
});

function without(settings: Settings, keys: readonly string[]): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !keys.includes(key)));
}

import type { Previous } from "../../immich/types";
import { withPlainErrors } from "./errors";
import { configure, row, rowContext } from "./stack";

interface Inputs {
  readonly database: string;
  readonly store: string;
  readonly login: string;
  readonly keys: readonly string[];
}

interface State extends Inputs {
  readonly previous: Previous;
  readonly immichVersion: string;
}

async function remember(inputs: Inputs, known?: Previous): Promise<State> {
  const found = await row().snapshotRow(
    await rowContext(inputs.login, inputs.store),
    inputs.keys,
    known,
  );
  return { ...inputs, previous: found.previous, immichVersion: found.immichVersion };
}

/** What Pulumi calls for a `SettingsSnapshot`. */
export const provider = withPlainErrors({
  configure,

  async diff(_id: string, olds: State, news: Inputs) {
    const differs = (["database", "store", "login"] as const).some(
      (key) => olds[key] !== news[key],
    );
    return { changes: differs || olds.keys.join() !== news.keys.join() };
  },

  async create(inputs: Inputs) {
    return { id: inputs.database, outs: await remember(inputs) };
  },

  /** A memory does not drift: what was there before stays what was there before. */
  async read(id: string, state: State) {
    return { id, props: state };
  },

  async update(_id: string, olds: State, news: Inputs) {
    // In another database, other things were there before. A table that Immich moved to is the same one.
    const known = olds.database === news.database ? olds.previous : undefined;
    return { outs: await remember(news, known) };
  },

  async delete() {},
});

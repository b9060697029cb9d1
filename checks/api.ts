// What the checks learn through Immich's own API: its settings, and who administers it.
import { type ApiAccess, ImmichApi } from "../immich/api/client";
import { KEYS } from "../immich/keys";
import { readSettings } from "../immich/row";
import type { ImmichAccess, Settings } from "./types";

/** The callbacks of a CheckInput whose settings go through Immich's API: no SSH is opened, and nothing changed. */
export function apiCallbacks(api: ApiAccess, owned: Settings): ImmichAccess {
  const keys = [...new Set([...Object.keys(KEYS), ...Object.keys(owned)])];
  return {
    settingsThrough: "api",
    readSettings: () => readSettings({ store: "api", api }, keys),
    immichAdmins: () => new ImmichApi(api, undefined).admins(),
  };
}

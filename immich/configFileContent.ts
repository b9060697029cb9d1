/** The part of Immich's configuration file (`IMMICH_CONFIG_FILE`) that a stack wants. */
import type { SettingValue } from "./types";

/** Sections of Immich's settings, as its configuration file has them: `{"oauth": {"enabled": true}}`. */
export type FileContent = Record<string, Record<string, SettingValue>>;

/** What stands in the place of the client secret, which is not to be in an output or on a screen. */
export const CLIENT_SECRET_PLACE =
  "PUT-THE-CLIENT-SECRET-HERE: npx pulumi stack output clientSecret --show-secrets";

/** @param settings by Immich's dotted names; each has a section and a name */
export function configFileContent(settings: Readonly<Record<string, SettingValue>>): FileContent {
  const content: FileContent = {};
  for (const [key, value] of Object.entries(settings)) {
    const [section = "", ...name] = key.split(".");
    content[section] = { ...content[section], [name.join(".")]: value };
  }
  return content;
}

// What the checks learn of an Immich that runs from a configuration file: what it tells anybody.
import { askServer } from "../immich/server";
import type { ImmichAccess, Settings } from "./types";

/** The callbacks of a CheckInput whose settings are in a file: nobody is asked for a login, and nothing changed. */
export function fileCallbacks(apiUrl: string): ImmichAccess {
  return { settingsThrough: "file", readSettings: () => publicSettings(apiUrl) };
}

/** Those of the settings that Immich shows without a login. Client ID and scope are seen where it sends people. */
async function publicSettings(apiUrl: string): Promise<Settings> {
  const { reachable, trouble, ...told } = await askServer(apiUrl);
  if (!reachable) throw new Error(`Immich at ${apiUrl}: ${trouble ?? "no answer"}`);
  const settings = {
    "oauth.enabled": told.oauth,
    "oauth.autoLaunch": told.oauthAutoLaunch,
    "oauth.buttonText": told.buttonText,
    "passwordLogin.enabled": told.passwordLogin,
  };
  return Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, string | boolean] => {
      return entry[1] !== undefined;
    }),
  );
}

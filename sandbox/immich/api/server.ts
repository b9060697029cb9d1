/** /api/server and /api/public/config: what anybody may ask, and /about. */
import type {
  PublicConfigDto,
  ServerAboutResponseDto,
  ServerConfigDto,
  ServerFeaturesDto,
} from "@immich/sdk";
import type { Request, Route } from "../http";
import { authenticate, type Immich } from "../immich";
import { getPath, type JsonObject } from "../merge";
import { section } from "../settings";
import { atLeast } from "../versions";

/** The routes, under the paths of this version. */
export function serverRoutes(immich: Immich): Route[] {
  const { version, traits } = immich;
  const base = traits.serverPaths ? "/api/server" : "/api/server-info";
  const get = (path: string, does: string, handle: (request: Request) => unknown): Route => ({
    method: "GET",
    path,
    does,
    handle: async (request) => ({ json: await handle(request) }),
  });
  return [
    get("/.well-known/immich", "get server address", () => ({ api: { endpoint: "/api" } })),
    get(`${base}/ping`, "ping server", () => ({ res: "pong" })),
    get(`${base}/version`, "get server version", () => {
      const { major, minor, patch } = version;
      return { major, minor, patch, ...(traits.publicConfig ? { prerelease: null } : {}) };
    }),
    get(`${base}/features`, "get server features", ({ id }) => features(immich, id)),
    get(`${base}/config`, "get server config", ({ id }) => config(immich, id)),
    get(`${base}/about`, "get about info", async (request) => {
      await authenticate(immich, request, { permission: "server.about" });
      return about(immich);
    }),
    ...(traits.publicConfig
      ? [get("/api/public/config", "get public config", ({ id }) => publicConfig(immich, id))]
      : []),
  ];
}

/** What the server can do; the values of settings as they are, which is "yes" for enabled: "yes". */
export async function features(
  { settings, version }: Immich,
  id?: string,
): Promise<Partial<ServerFeaturesDto>> {
  const config = await settings.read({ context: "ServerService", id });
  const oauth = section(config, "oauth");
  const learning = section(config, "machineLearning");
  const on = (part: string): boolean =>
    Boolean(learning["enabled"]) && Boolean(getPath(learning, `${part}.enabled`));
  const flag = (path: string): boolean => getPath(config, path) as boolean;
  const since = (wanted: string): boolean => atLeast(version, wanted);
  return {
    smartSearch: on("clip"),
    facialRecognition: on("facialRecognition"),
    ...(since("1.107.0") ? { duplicateDetection: on("duplicateDetection") } : {}),
    map: flag("map.enabled"),
    reverseGeocoding: flag("reverseGeocoding.enabled"),
    ...(since("1.114.0") ? { importFaces: flag("metadata.faces.import") } : {}),
    sidecar: true,
    search: true,
    trash: flag("trash.enabled"),
    oauth: oauth["enabled"] as boolean,
    oauthAutoLaunch: oauth["autoLaunch"] as boolean,
    passwordLogin: section(config, "passwordLogin")["enabled"] as boolean,
    configFile: settings.fromFile,
    email: flag("notifications.smtp.enabled"),
    ...(since("2.2.0") ? { ocr: false } : {}),
    ...(since("3.0.0") ? { realtimeTranscoding: false } : {}),
  };
}

async function config(
  { settings, people, pool, version }: Immich,
  id: string,
): Promise<Partial<ServerConfigDto>> {
  const config = await settings.read({ context: "ServerService", id });
  const oauth = section(config, "oauth");
  const { rows } = await pool.query<{ value: JsonObject }>(
    "SELECT value FROM system_metadata WHERE key = 'admin-onboarding'",
  );
  const text = (path: string): string => getPath(config, path) as string;
  return {
    loginPageMessage: text("server.loginPageMessage"),
    trashDays: getPath(config, "trash.days") as number,
    userDeleteDelay: getPath(config, "user.deleteDelay") as number,
    oauthButtonText: oauth["buttonText"] as string,
    isInitialized: await people.hasAdmin(),
    isOnboarded: Boolean(rows[0]?.value["isOnboarded"]),
    externalDomain: text("server.externalDomain"),
    ...(atLeast(version, "1.121.0")
      ? {
          publicUsers: getPath(config, "server.publicUsers") as boolean,
          mapDarkStyleUrl: text("map.darkStyle"),
          mapLightStyleUrl: text("map.lightStyle"),
        }
      : {}),
    ...(atLeast(version, "3.0.0") ? { maintenanceMode: false, minFaces: 3 } : {}),
    ...(atLeast(version, "3.2.2")
      ? { oauthAccountManagementUrl: text("oauth.accountManagementUrl") }
      : {}),
  };
}

async function publicConfig({ settings }: Immich, id: string): Promise<PublicConfigDto> {
  const config = await settings.read({ context: "ServerService", id });
  const oauth = section(config, "oauth");
  return {
    oauth: {
      autoLaunch: oauth["autoLaunch"] as boolean,
      buttonText: oauth["buttonText"] as string,
      enabled: oauth["enabled"] as boolean,
    },
    passwordLogin: { enabled: section(config, "passwordLogin")["enabled"] as boolean },
    server: { loginPageMessage: getPath(config, "server.loginPageMessage") as string },
    theme: { customCss: getPath(config, "theme.customCss") as string },
  };
}

function about({ version }: Immich): ServerAboutResponseDto {
  return {
    version: `v${version.text}`,
    versionUrl: `https://github.com/immich-app/immich/releases/tag/v${version.text}`,
    licensed: false,
    nodejs: process.version,
  };
}

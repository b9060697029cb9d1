/** /api/system-config, and /api/admin/config since 3.2: the settings, for admins. */
import { HttpError, type Request, type Route } from "../http";
import { authenticate, type Immich } from "../immich";
import type { JsonObject } from "../merge";
import type { Traits } from "../versions";

/** What an API key needs to read and change the settings. Immich knows the second pair since 3.2. */
export function settingsPermissions({ publicConfig }: Traits): string[] {
  return ["systemConfig", ...(publicConfig ? ["adminConfig"] : [])].flatMap((of) => [
    `${of}.read`,
    `${of}.update`,
  ]);
}

/** The routes, under the paths of this version. */
export function settingsRoutes(immich: Immich): Route[] {
  return [
    ...routes(immich, "/api/system-config", "systemConfig"),
    ...(immich.traits.publicConfig ? routes(immich, "/api/admin/config", "adminConfig") : []),
  ];
}

function routes(immich: Immich, path: string, permission: string): Route[] {
  const { settings } = immich;
  const reader = { context: "SystemConfigService" };
  const admin = (request: Request, action: "read" | "update") =>
    authenticate(immich, request, { admin: true, permission: `${permission}.${action}` });
  return [
    {
      method: "GET",
      path,
      does: "get config",
      async handle(request) {
        await admin(request, "read");
        return { json: await settings.read({ ...reader, id: request.id }) };
      },
    },
    {
      method: "GET",
      path: `${path}/defaults`,
      does: "get config defaults",
      async handle(request) {
        await admin(request, "read");
        return { json: settings.defaults };
      },
    },
    {
      method: "PUT",
      path,
      does: "update config",
      async handle(request) {
        await admin(request, "update");
        return { json: await update(immich, request) };
      },
    },
  ];
}

/** Takes the complete configuration, as the settings page sends it. */
async function update({ settings, log, traits }: Immich, { body, id }: Request) {
  const config = body as JsonObject;
  const complaint = settings.check(config);
  if (complaint !== undefined) {
    const { message, errors } = complaint.answer;
    throw new HttpError(400, message, undefined, errors);
  }
  if (settings.fromFile) {
    throw new HttpError(400, "Cannot update configuration while IMMICH_CONFIG_FILE is in use");
  }
  const context = "SystemConfigService";
  const saved = await settings.save(config, { context, id });
  if (traits.document) log.write("LOG", context, "LogLevel=log (set via system config)", id);
  return saved;
}

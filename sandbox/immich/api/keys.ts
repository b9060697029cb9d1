/** /api/api-keys: keys that programs ask with in the place of a person's session, and what each may do. */
import type { ApiKeyResponseDto } from "@immich/sdk";
import { HttpError, type Reply, type Request, type Route } from "../http";
import { authenticate, type Immich, mayAll } from "../immich";
import type { ApiKey } from "../keys";
import type { Traits } from "../versions";

/** The routes. A user sees and changes their own keys only, an admin too. */
export function keyRoutes(immich: Immich): Route[] {
  const { keys, traits } = immich;
  const base = traits.keys;
  const route = (
    method: Route["method"],
    path: string,
    does: string,
    permission: string,
    handle: (caller: Awaited<ReturnType<typeof authenticate>>, request: Request) => Promise<Reply>,
  ): Route => ({
    method,
    path,
    does,
    handle: async (request) => handle(await authenticate(immich, request, { permission }), request),
  });
  const dto = (key: ApiKey) => keyDto(key, traits);
  return [
    route("POST", base, "create api key", "apiKey.create", async (caller, { body }) => {
      const { name = "API Key", permissions } = wanted(body, traits);
      if (!mayAll(caller, permissions)) throw new HttpError(400, NOT_YOURS);
      const made = await keys.create(caller.user.id, name, permissions);
      return { status: 201, json: { secret: made.secret, apiKey: dto(made) } };
    }),
    route("GET", base, "get api keys", "apiKey.read", async ({ user }) => ({
      json: (await keys.of(user.id)).map(dto),
    })),
    ...(traits.ownKey
      ? [
          route("GET", `${base}/me`, "get my api key", "apiKey.read", async ({ user, keyId }) => {
            if (keyId === undefined) throw new HttpError(403, "Not authenticated with an API Key");
            return { json: dto(found(await keys.one(user.id, keyId))) };
          }),
        ]
      : []),
    route("GET", `${base}/:id`, "get api key", "apiKey.read", async ({ user }, request) => ({
      json: dto(found(await keys.one(user.id, idOf(request)))),
    })),
    route("PUT", `${base}/:id`, "update api key", "apiKey.update", async (caller, request) => {
      const key = found(await keys.one(caller.user.id, idOf(request)));
      const { name = key.name, permissions } = wanted(
        { permissions: key.permissions, ...request.body },
        traits,
      );
      if (!mayAll(caller, permissions)) throw new HttpError(400, NOT_YOURS);
      return { json: dto(found(await keys.update(key.id, name, permissions))) };
    }),
    route("DELETE", `${base}/:id`, "delete api key", "apiKey.delete", async (caller, request) => {
      const key = found(await keys.one(caller.user.id, idOf(request)));
      await keys.delete(key.id);
      return { status: 204 };
    }),
  ];
}

const NOT_YOURS = "Cannot grant permissions you do not have";

function keyDto(key: ApiKey, { keyPermissions }: Traits): Partial<ApiKeyResponseDto> {
  const { id, name, createdAt, updatedAt } = key;
  return {
    id,
    name,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    // Immich's own list of permissions is longer than what is checked here.
    ...(keyPermissions ? { permissions: key.permissions as ApiKeyResponseDto["permissions"] } : {}),
  };
}

function found(key: ApiKey | undefined): ApiKey {
  if (key === undefined) throw new HttpError(400, "API Key not found");
  return key;
}

function idOf({ parameters }: Request): string {
  const { id = "" } = parameters;
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    throw new HttpError(400, ["id must be a UUID"]);
  }
  return id;
}

/** What a new or changed key is to be, as its maker says. */
function wanted(body: Request["body"], traits: Traits) {
  const { name, permissions = [] } = body;
  if (name !== undefined && (typeof name !== "string" || name === "")) {
    throw new HttpError(400, ["name should not be empty"]);
  }
  if (!traits.keyPermissions) return { name, permissions: ["all"] };
  const known = (one: unknown): one is string =>
    typeof one === "string" && (traits.publicConfig || !one.startsWith("adminConfig."));
  if (!Array.isArray(permissions) || !permissions.every(known)) {
    throw new HttpError(400, ["each value in permissions must be one of the following values"]);
  }
  if (permissions.length === 0) {
    throw new HttpError(400, ["permissions must contain at least 1 elements"]);
  }
  return { name, permissions };
}

/** /api/users/me, /api/admin/users and the welcome pages' memory. */
import { randomUUID } from "node:crypto";
import type { UserAdminResponseDto, UserAvatarColor } from "@immich/sdk";
import { HttpError, type Reply, type Request, type Route } from "../http";
import { authenticate, type Immich, requireText } from "../immich";
import type { User } from "../people";
import type { Traits } from "../versions";

/** The routes. */
export function userRoutes(immich: Immich): Route[] {
  const { people, pool, traits } = immich;
  return [
    {
      method: "GET",
      path: "/api/users/me",
      does: "get my user",
      async handle(request) {
        const { user } = await authenticate(immich, request, { permission: "user.read" });
        return { json: userDto(user, traits) };
      },
    },
    {
      method: "PUT",
      path: "/api/users/me/onboarding",
      does: "set user onboarding",
      async handle(request) {
        const { user } = await authenticate(immich, request);
        await people.update(user.id, { isOnboarded: request.body["isOnboarded"] === true });
        return { json: { isOnboarded: request.body["isOnboarded"] === true } };
      },
    },
    {
      method: "POST",
      path: "/api/system-metadata/admin-onboarding",
      does: "update admin onboarding",
      async handle(request) {
        await authenticate(immich, request, { admin: true });
        const { isOnboarded } = request.body;
        if (typeof isOnboarded !== "boolean")
          throw new HttpError(400, ["isOnboarded must be a boolean value"]);
        await pool.query(
          `INSERT INTO system_metadata (key, value) VALUES ('admin-onboarding', $1)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
          [JSON.stringify({ isOnboarded })],
        );
        return { status: 204 };
      },
    },
    {
      method: "GET",
      path: "/api/admin/users",
      does: "get users",
      async handle(request) {
        await authenticate(immich, request, {
          admin: true,
          permission: `${traits.adminUser}.read`,
        });
        return { json: (await people.all()).map((user) => userDto(user, traits)) };
      },
    },
    {
      method: "POST",
      path: "/api/admin/users",
      does: "create user",
      async handle(request) {
        const permission = `${traits.adminUser}.create`;
        await authenticate(immich, request, { admin: true, permission });
        const [email = "", name = "", password = ""] = requireText(
          request.body,
          "email",
          "name",
          "password",
        );
        if ((await people.byEmail(email)) !== undefined) throw new HttpError(400, "User exists");
        const isAdmin = request.body["isAdmin"] === true;
        const user = await people.create({ email, name, password, isAdmin });
        return { status: 201, json: userDto(user, traits) };
      },
    },
    {
      method: "DELETE",
      path: "/api/admin/users/:id",
      does: "delete user",
      handle: (request) => deleteUser(immich, request),
    },
  ];
}

/** With `force`; without, Immich keeps them for some days, which this one does not know. */
async function deleteUser(immich: Immich, request: Request): Promise<Reply> {
  const { people, traits } = immich;
  const permission = `${traits.adminUser}.delete`;
  const caller = await authenticate(immich, request, { admin: true, permission });
  const { id = "" } = request.parameters;
  if (id === caller.user.id) throw new HttpError(403, "Cannot delete your own account");
  if (request.body["force"] !== true) throw new HttpError(400, "The sandbox knows force alone");
  const user = await people.remove(id);
  if (user === undefined) throw new HttpError(400, "User not found");
  return { json: { ...userDto(user, traits), status: "removing" } };
}

const COLOURS = [
  "primary",
  "pink",
  "red",
  "yellow",
  "blue",
  "green",
  "purple",
  "orange",
  "gray",
  "amber",
];

/** A user as the API shows it to themselves and to admins. */
export function userDto(user: User, { publicConfig }: Traits): Partial<UserAdminResponseDto> {
  const sum = [...user.email].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    profileImagePath: "",
    avatarColor: COLOURS[sum % COLOURS.length] as UserAvatarColor,
    profileChangedAt: user.createdAt.toISOString(),
    storageLabel: user.storageLabel,
    shouldChangePassword: user.shouldChangePassword,
    isAdmin: user.isAdmin,
    createdAt: user.createdAt.toISOString(),
    deletedAt: null,
    updatedAt: user.updatedAt.toISOString(),
    oauthId: user.oauthId,
    quotaSizeInBytes: user.quotaSizeInBytes,
    quotaUsageInBytes: 0,
    status: "active" as UserAdminResponseDto["status"],
    license: null,
    ...(publicConfig ? { clusterGroupId: randomUUID() } : {}),
  };
}

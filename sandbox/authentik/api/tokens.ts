/** core/tokens: keys to the API. */
import { json } from "../http";
import type { TokenRow } from "../model";
import type { Store } from "../store";
import { choice, flag, numberOf, orNull, text } from "./fields";
import { equals } from "./lists";
import { randomText } from "./random";
import type { Resource } from "./resource";
import { resource, withRow } from "./resource";
import type { ApiContext, ApiRoute } from "./route";
import { userToWire } from "./users";

type Body = Omit<TokenRow, "pk" | "key">;

/** Adds a token to the store. */
export function addToken(store: Store, body: Body, key = randomText(60)): TokenRow {
  return store.tokens.put({ pk: store.newId(), ...body, key });
}

const shape: Resource<TokenRow, Body> = {
  path: "core/tokens/",
  model: "Token",
  lookup: "slug",
  table: (store) => store.tokens,
  find: (store, identifier) => store.tokens.find((row) => row.identifier === identifier),
  listing: ({ store }) => ({
    filters: {
      identifier: equals((row) => row.identifier),
      intent: equals((row) => row.intent),
      user__username: equals((row) => store.users.get(row.user)?.username),
      managed: equals((row) => row.managed),
    },
    search: (row) => [row.identifier, row.description],
    order: (row) => row.identifier,
    toWire: ({ key: _, ...row }) => {
      const user = store.users.get(row.user);
      return { ...row, user_obj: user ? userToWire(store, user) : null };
    },
  }),
  fields: (store) => ({
    managed: orNull(text()),
    identifier: text({
      required: true,
      max: 255,
      check: (slug) =>
        /^[-\w]+$/.test(slug)
          ? undefined
          : "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.",
    }),
    intent: choice(["verification", "api", "recovery", "app_password"], "api"),
    user: numberOf((pk) => store.users.get(pk) !== undefined),
    description: text({ blank: true, initial: "" }),
    expires: orNull(text()),
    expiring: flag(true),
  }),
  check: (store, body, self) =>
    store.tokens.find((other) => other !== self && other.identifier === body.identifier)
      ? { identifier: ["Token with this identifier already exists."] }
      : {},
  create: (store, body) =>
    addToken(store, {
      ...body,
      expires: body.expires ?? new Date(Date.now() + 1_800_000).toISOString(),
    }),
  remove: (store, row) => store.tokens.remove(row.pk),
};

function viewKey(context: ApiContext): ReturnType<typeof json> {
  return withRow(shape, context, (row) => json(200, { key: row.key }));
}

/** Routes of core/tokens. */
export const tokenRoutes: ApiRoute[] = [
  ...resource(shape),
  { path: "core/tokens/:key/view_key/", handlers: { GET: viewKey } },
];

/** core/tokens: keys to the API. */
import { json } from "../http";
import type { TokenRow } from "../model";
import type { Store } from "../store";
import { NO_SLUG, slugField, unique } from "./checks";
import { choice, dateTime, flag, orNull, text } from "./fields";
import { equals } from "./lists";
import { randomText } from "./random";
import { numberOf } from "./references";
import type { Resource } from "./resource";
import { resource, withRow } from "./resource";
import type { ApiContext, ApiRoute } from "./route";
import { userToWire } from "./users";

type Body = Omit<TokenRow, "pk" | "key">;

/** What Authentik calls the field `managed` in its messages. */
const MANAGED = "Managed by authentik";
const taken = (field: string): string => `Token with this ${field} already exists.`;

/** How long a token lasts, in milliseconds. */
const LIFETIME = 1_800_000;

/** Adds a token to the store. */
export function addToken(store: Store, body: Body, key = randomText(60)): TokenRow {
  return store.tokens.put({ pk: store.newId(), ...body, key });
}

/** What counts where it is not sent, in a PATCH too; nobody chooses how long a key to the API lasts. */
function filled(body: Partial<Body>, { user }: ApiContext): Partial<Body> {
  const all = { user: user.pk, intent: "api" as const, ...body };
  const expires = new Date(Date.now() + LIFETIME).toISOString();
  return all.intent === "api" ? { ...all, expires } : all;
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
  fields: ({ tokens, users }, self) => ({
    managed: orNull(text({ checks: [unique(tokens, self, "managed", taken(MANAGED))] })),
    identifier: text({
      required: true,
      max: 255,
      checks: [unique(tokens, self, "identifier", taken("identifier"))],
      last: slugField,
      notText: NO_SLUG,
    }),
    intent: choice(["verification", "api", "recovery", "app_password"], "api"),
    user: numberOf((pk) => users.get(pk) !== undefined),
    description: text({ blank: true, initial: "" }),
    expires: dateTime(),
    expiring: flag(true),
  }),
  fill: filled,
  check: (_store, { intent }) =>
    intent === "api" || intent === "app_password" ? {} : { intent: [`Invalid intent ${intent}`] },
  create: addToken,
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

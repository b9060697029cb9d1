/** core/applications: what users see and may open; it gives a provider its slug. */
import type { ApplicationRow, UserRow } from "../model";
import type { Store } from "../store";
import { icon, slug, templateUrl, unique } from "./checks";
import { choice, flag, text } from "./fields";
import { equals } from "./lists";
import { providerSummary } from "./providers";
import { manyOf, maybe, numberOf } from "./references";
import type { Resource } from "./resource";
import { resource } from "./resource";
import type { ApiRoute } from "./route";

type Body = Omit<ApplicationRow, "pk">;

/** They would clash with the provider's own endpoints below /application/o/. */
const RESERVED = ["authorize", "token", "device", "userinfo", "introspect", "revoke"];

/** The address that opens the application: its own, or the host of its provider's first redirect URI. */
export function launchUrl(
  store: Store,
  row: ApplicationRow,
  user: UserRow | undefined,
): string | null {
  const own = row.meta_launch_url;
  if (own) return user ? own.replaceAll("%(username)s", user.username) : own;
  const first = store.providers.get(row.provider)?.redirect_uris[0]?.url;
  const parts = first ? /^([a-z][a-z0-9+.-]*:)(\/\/[^/?#]+)?/i.exec(first) : null;
  return parts ? `${parts[1]}${parts[2] ?? ""}` : null;
}

function toWire(store: Store, row: ApplicationRow, user: UserRow): unknown {
  const provider = store.providers.get(row.provider);
  const backchannel = row.backchannel_providers.flatMap((pk) => store.providers.get(pk) ?? []);
  return {
    ...row,
    provider_obj: provider ? providerSummary(store, provider) : null,
    backchannel_providers_obj: backchannel.map((one) => providerSummary(store, one)),
    launch_url: launchUrl(store, row, user),
    meta_icon_url: null,
    meta_icon_themed_urls: null,
  };
}

const shape: Resource<ApplicationRow, Body> = {
  path: "core/applications/",
  model: "Application",
  lookup: "slug",
  table: (store) => store.applications,
  find: (store, slug) => store.applications.find((row) => row.slug === slug),
  listing: ({ store, user }) => ({
    filters: {
      name: equals((row) => row.name),
      slug: equals((row) => row.slug),
      group: equals((row) => row.group),
      meta_launch_url: equals((row) => row.meta_launch_url),
      meta_description: equals((row) => row.meta_description),
      meta_publisher: equals((row) => row.meta_publisher),
    },
    search: (row) => [row.name, row.slug, row.meta_launch_url, row.meta_description, row.group],
    order: (row) => row.name,
    toWire: (row) => toWire(store, row, user),
  }),
  fields: ({ applications, providers }, self) => {
    const provider = (pk: number): boolean => providers.get(pk) !== undefined;
    const isTaken = "Application with this provider already exists.";
    return {
      name: text({ required: true }),
      slug: text({
        required: true,
        checks: [
          slug,
          unique(applications, self, "slug", "Application with this slug already exists."),
        ],
        then: (given) =>
          RESERVED.includes(given)
            ? `The slug '${given}' is reserved and cannot be used for applications.`
            : undefined,
      }),
      provider: maybe(numberOf(provider), unique(applications, self, "provider", isTaken)),
      backchannel_providers: manyOf(numberOf(provider)),
      open_in_new_tab: flag(false),
      meta_launch_url: text({ blank: true, initial: "", checks: [templateUrl] }),
      meta_icon: text({ blank: true, initial: "", checks: [icon] }),
      meta_description: text({ blank: true, initial: "" }),
      meta_publisher: text({ blank: true, initial: "" }),
      policy_engine_mode: choice(["all", "any"], "any"),
      group: text({ blank: true, initial: "" }),
    };
  },
  create: (store, body) => store.applications.put({ pk: store.newId(), ...body }),
  remove: (store, row) => store.deleteApplication(row.pk),
};

/** Routes of core/applications. */
export const applicationRoutes: ApiRoute[] = resource(shape);

/** flows/instances: the built-in flows; they can be read, not changed. */
import type { FlowRow } from "../model";
import { equals } from "./lists";
import { resource } from "./resource";
import type { ApiRoute } from "./route";

function toWire({ steps: _, ...flow }: FlowRow): unknown {
  return flow;
}

/** Routes of flows/instances. */
export const flowRoutes: ApiRoute[] = resource<FlowRow, object>({
  path: "flows/instances/",
  model: "Flow",
  lookup: "slug",
  table: (store) => store.flows,
  find: (store, slug) => store.flows.find((flow) => flow.slug === slug),
  listing: () => ({
    filters: {
      slug: equals((flow) => flow.slug),
      name: equals((flow) => flow.name),
      flow_uuid: equals((flow) => flow.pk),
      designation: equals((flow) => flow.designation),
      authentication: equals((flow) => flow.authentication),
      denied_action: equals((flow) => flow.denied_action),
    },
    search: (flow) => [flow.name, flow.slug, flow.designation, flow.title],
    order: (flow) => flow.name,
    toWire,
  }),
});

/** root/config and admin/version: what a client asks first. */
import { json } from "../http";
import type { ApiRoute } from "./route";

/** The version that the recorded answers come from. */
export const VERSION = "2026.5.0-rc1";

/** Routes of root/ and admin/. */
export const systemRoutes: ApiRoute[] = [
  {
    path: "root/config/",
    access: "everyone",
    handlers: {
      GET: () =>
        json(200, {
          error_reporting: {
            enabled: false,
            sentry_dsn: "",
            environment: "customer",
            send_pii: false,
            traces_sample_rate: 0.1,
          },
          capabilities: ["can_impersonate", "is_enterprise"],
          cache_timeout: 300,
          cache_timeout_flows: 300,
          cache_timeout_policies: 300,
        }),
    },
  },
  {
    path: "admin/version/",
    access: "users",
    handlers: {
      GET: () =>
        json(200, {
          version_current: VERSION,
          version_latest: "0.0.0",
          version_latest_valid: false,
          build_hash: "",
          outdated: false,
          outpost_outdated: false,
        }),
    },
  },
];

// Stand-in for the plugin `postgresql`: roles and grants, by real SQL.

import { standInFor } from "../standIn";
import { ProviderError, type Provider } from "../../../plugin/provider";
import { Server } from "./connection";
import { configured } from "./config";
import { grant } from "./grant";
import { role } from "./role";

let server: Server | undefined;

/** The server that this provider was configured for. Nothing is connected before the first statement. */
function database(): Server {
  if (!server)
    throw new ProviderError("The provider postgresql was used before it was configured.");
  return server;
}

/** What the engine is told of this provider. */
export const provider: Provider = {
  name: "postgresql",
  version: "3.18.1",
  ...standInFor("postgresql", "3.18.1"),
  likeness: {
    noHandshake: "method Handshake not implemented",
    accepts: { autonaming: true },
    diffConfig: "bridged",
    secretConfig: ["password"],
  },
  resources: {
    "postgresql:index/grant:Grant": grant(database),
    "postgresql:index/role:Role": role(database),
  },
  lookups: {},
  async configure(config) {
    server = new Server(configured(config, process.env));
  },
};

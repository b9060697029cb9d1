// Stand-in for the plugin `random`: passwords from the system's random source.

import { standInFor } from "../standIn";
import type { Provider } from "../../../plugin/provider";
import { randomPassword } from "./password";

/** What the engine is told of this provider. */
export const provider: Provider = {
  name: "random",
  version: "4.21.2",
  ...standInFor("random", "4.21.2"),
  likeness: {
    noHandshake: "Handshake is not yet implemented",
    accepts: { resources: true, autonaming: true },
    diffConfig: "bridged",
  },
  resources: { "random:index/randomPassword:RandomPassword": randomPassword },
  lookups: {},
  configure: async () => {},
};

// Stand-in for the plugin `command`: commands on other hosts, over real SSH.

import { standInFor } from "../standIn";
import type { Provider } from "../../../plugin/provider";
import { remoteCommand } from "./command";

/** What the engine is told of this provider. */
export const provider: Provider = {
  name: "command",
  version: "1.2.1",
  ...standInFor("command", "1.2.1"),
  likeness: {
    noHandshake: "method Handshake not implemented",
    accepts: { secrets: true, resources: true, outputs: true },
    diffConfig: "unimplemented",
    addedConfig: { "__pulumi-go-provider-version": "1.2.0" },
  },
  resources: { "command:remote:Command": remoteCommand },
  lookups: {},
  configure: async () => {},
};

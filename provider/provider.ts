/** The provider `immich`: Immich's side of a login, for Pulumi in any language. */
import type { Provider } from "../plugin/provider";
import {
  type Configuration,
  configurationProblems,
  describeWay,
  readConfiguration,
  wayOf,
} from "./configuration";
import { connections, container, login } from "./late";
import { loginCheck } from "./loginCheck";
import { postgresTunnel } from "./postgresTunnel";
import { schema } from "./schema";
import { settingsResource } from "./settings";
import { settingsSnapshot } from "./snapshot";
import { openTunnel } from "./tunnel/tunnel";
import { version } from "../package.json";

let current: Configuration | undefined;
let closeTunnel: (() => void) | undefined;

/** The configuration of this process. */
function configured(): Configuration {
  if (!current) throw new Error("The provider immich was used before it was configured.");
  return current;
}

/** What the engine is told of this provider. */
export const provider: Provider = {
  name: "immich",
  version,
  resources: {
    "immich:index:LoginCheck": loginCheck(configured),
    "immich:index:PostgresTunnel": postgresTunnel(configured),
    "immich:index:Settings": settingsResource(configured),
    "immich:index:SettingsSnapshot": settingsSnapshot(configured),
  },
  lookups: {},
  checkConfig: configurationProblems,
  schema: () => schema(version),

  async configure(config, { engine }) {
    closeTunnel?.();
    closeTunnel = undefined;
    const configuration = (current = readConfiguration(config));
    const database = configuration.api ? configuration.former : configuration;
    if (!database) return;
    const { ssh, tunnelPort: port } = database;
    closeTunnel = await openTunnel({
      port,
      target: describeWay(wayOf(database)),
      engine,
      open: async () => container().openContainerPort(await connections().shared(ssh), database),
      words: (error) => login().inOtherWords(database, error),
    });
  },

  close() {
    closeTunnel?.();
    // To close what was never opened would load all that speaks SSH.
    if (!current || (current.api && !current.former)) return;
    void connections().closeShared();
  },
};

import { findScript } from "../ssh/composeScript";
import type { SshConnection } from "../ssh/openConnection";
import { quote } from "../ssh/quote";
import type { ServerAnswers } from "./server";

/** Where Immich's server runs, for a look at its environment. */
export interface ServerContainer {
  readonly runtime: string;
  /** Compose service: `immich-server`. */
  readonly service: string;
  /** Directory of its Compose file. Default: not known, containers of that service in any project count. */
  readonly directory?: string;
}

/**
 * Whether Immich takes its settings from a file, and so ignores its database. Its API says so; while that can't be asked,
 * the environment of the server's container does. Nothing of that environment travels: it holds passwords.
 *
 * @returns undefined when neither tells
 */
export async function runsFromConfigFile(
  server: ServerAnswers,
  ssh: SshConnection,
  container: ServerContainer | undefined,
): Promise<boolean | undefined> {
  if (server.configFile !== undefined) return server.configFile;
  if (!container) return undefined;
  const { runtime, service, directory } = container;
  const find =
    directory === undefined
      ? `ids=$(${runtime} ps -aq --filter ${quote(`label=com.docker.compose.service=${service}`)}) && [ -n "$ids" ] || exit 1\n`
      : findScript({ runtime, service, directory });
  const environment = `${runtime} inspect --type container --format '{{range .Config.Env}}{{println .}}{{end}}'`;
  const answer = await ssh
    .exec(`${find}${environment} $ids | grep -c '^IMMICH_CONFIG_FILE=.'`)
    .catch(() => undefined);
  const count = answer && /^\d+$/.test(answer.stdout.trim()) ? Number(answer.stdout) : undefined;
  return count === undefined ? undefined : count > 0;
}

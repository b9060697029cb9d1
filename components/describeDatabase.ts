import type { DatabaseConfig } from "../config";

/** A database in words: `immich in immich_postgres at admin@192.0.2.22`. */
export function describeDatabase({ ssh, container, database }: DatabaseConfig): string {
  const port = ssh.port === 22 ? "" : `:${ssh.port}`;
  return `${database} in ${container} at ${ssh.user}@${ssh.host}${port}`;
}

/** What `npm run sandbox` tells a person. */
import type { Description } from "./homelab";

/** What runs where, and what to type in a second terminal. */
export function welcome(homelab: Description, control: { url: string; token: string }): string {
  const { authentik, immich, ssh, postgres, users, environment } = homelab;
  const options = ["--stack sandbox", ...homelab.arguments].join(" ");
  return [
    "The sandbox is up. Everything is on this machine, on loopback.",
    "",
    `  Authentik   ${authentik.url}`,
    `  Immich      ${immich.url}`,
    `  SSH         ${ssh.user}@${ssh.host}, port ${ssh.port}`,
    `  PostgreSQL  ${postgres.host}:${postgres.port}, database ${postgres.database}, in container ${postgres.container}`,
    `  Controls    ${control.url}, Authorization: Bearer ${control.token}`,
    `  Folder      ${homelab.folder}`,
    "",
    "In a second terminal, in this project's folder:",
    "",
    ...Object.entries(environment).map(([key, value]) => `  export ${key}='${value}'`),
    `  npx pulumi preview ${options}`,
    `  npx pulumi up ${options}`,
    `  npx pulumi destroy ${options}`,
    "",
    `After the up: open ${immich.url}, click "Login with Authentik", and log in as`,
    ...users.map(({ username, password }) => `  ${username.padEnd(8)} password ${password}`),
    "",
    "Ctrl-C stops it and leaves nothing behind.",
  ].join("\n");
}

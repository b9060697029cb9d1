/**
 * Several Immichs at one Authentik, each with its own settings:
 *
 *     npx pulumi config set --path 'immichs[0].name' family
 *     npx pulumi config set --path 'immichs[0].url' https://photos.example.org
 *     npx pulumi config set --path 'immichs[0].sshHost' 192.0.2.22      # sshUser, sshHostKey, tunnelPort alike
 *     npx pulumi config set --secret --path 'postgresPasswords.family'
 */
import * as pulumi from "@pulumi/pulumi";

import { ImmichSso } from "../../components/immichSso";

/** One Immich, and how it is reached. */
interface Place {
  readonly name: string;
  /** Its origin in the browser. */
  readonly url: string;
  readonly sshHost: string;
  readonly sshPort?: number;
  readonly sshUser: string;
  readonly sshHostKey: string;
  /** PostgreSQL's port in its container. Default: 5432. */
  readonly postgresPort?: number;
  /** Loopback port of its tunnel, one for each. */
  readonly tunnelPort: number;
  readonly buttonText?: string;
}

const config = new pulumi.Config();
const places = config.requireObject<Place[]>("immichs");
const passwords = config.requireSecretObject<Record<string, string>>("postgresPasswords");
const keys = config.getSecretObject<Record<string, string>>("sshPrivateKeys");
const provider = new pulumi.Config("authentik");
const authentik = { url: provider.require("url"), token: provider.requireSecret("token") };

/** By name, the issuer that each Immich was given. */
export const issuers = Object.fromEntries(
  places.map(({ name, url, buttonText, ...reached }) => {
    const sso = new ImmichSso(name, {
      application: {
        authentik,
        applicationName: `Immich ${name}`,
        slug: name,
        providerName: `immich-${name}`,
        clientId: `immich-${name}`,
        redirectUris: [`${url}/auth/login`],
        launchUrl: url,
      },
      immich: {
        ...reached,
        apiUrl: url,
        postgresPassword: passwords.apply((all) => all[name] ?? ""),
        ...(keys ? { sshPrivateKey: keys.apply((all) => all[name] ?? "") } : {}),
      },
      immichUrl: url,
      login: { buttonText },
      dedicatedLogin: `immich_sso_${name}`,
    });
    return [name, sso.issuerUrl];
  }),
);

/** The provider's schema (Pulumi's package schema): what SDKs for any language are generated from. */
import type { Value } from "../plugin/wire";

type Property = Record<string, Value>;
type Properties = Record<string, Property>;

const ANY = "pulumi.json#/Any";

const text = (description: string, more: Property = {}): Property => ({
  type: "string",
  description,
  ...more,
});
const secret = (description: string): Property => text(description, { secret: true });
const whole = (description: string, more: Property = {}): Property => ({
  type: "integer",
  description,
  ...more,
});
const flag = (description: string, more: Property = {}): Property => ({
  type: "boolean",
  description,
  ...more,
});
const texts = (description: string): Property => ({
  type: "array",
  items: { type: "string" },
  description,
});
/** A map by Immich's names of settings. */
const settings = (description: string): Property => ({
  type: "object",
  additionalProperties: { $ref: ANY },
  description,
});
const textMap = (description: string): Property => ({
  type: "object",
  additionalProperties: { type: "string" },
  description,
});

const configuration: Properties = {
  settingsThrough: text(
    "database: over SSH, in Immich's database; api: through its own API; file: nothing is written. Default: database.",
  ),
  apiKey: secret("An administrator's API key. Required with settingsThrough api."),
  apiUrl: text(
    "Where Immich's own API answers. Required with settingsThrough api and file. Default: it is not asked.",
  ),
  stack: text("Name of the stack, for the commands in messages. Default: none is named."),
  sshHost: text(
    "Host that Immich's containers run on. Required over SSH, as are the next without a default.",
  ),
  sshPort: whole("SSH port of that host. Default: 22."),
  sshUser: text("SSH user there, who may use the container runtime."),
  sshHostKey: text("The host's public keys, one a line: `ssh-ed25519 AAAA…`."),
  sshPrivateKey: secret("Private key. Default: the SSH agent is asked."),
  sshPrivateKeyPassphrase: secret("Passphrase of the private key. Default: none."),
  sshAgentSocket: text("Socket of the SSH agent. Default: `SSH_AUTH_SOCK`."),
  sshJumpHost: text("A host on the way. Default: none."),
  sshJumpPort: whole("SSH port of the jump host. Default: 22."),
  sshJumpUser: text("SSH user on the jump host. Default: `sshUser`."),
  sshJumpHostKey: text("The jump host's public keys. Required with `sshJumpHost`."),
  containerRuntime: text("docker, podman, sudo -n docker or sudo -n podman. Default: docker."),
  postgresContainer: text("Name of PostgreSQL's container. Default: immich_postgres."),
  postgresPort: whole("PostgreSQL's port in its container. Default: 5432."),
  postgresDatabase: text("Immich's database. Default: immich."),
  postgresUser: text("A user who may read and write Immich's tables. Default: postgres."),
  postgresPassword: secret("Password of that user."),
  composeDirectory: text("Directory of Immich's Compose file. Default: /opt/immich."),
  composeService: text("Immich's service in that file. Default: immich-server."),
  tunnelPort: whole("Loopback port of the tunnel to PostgreSQL, one for each Immich and stack."),
  databaseMovedFrom: text(
    "`databaseId` of the database whose data were moved to the one that is reached now. Default: none.",
  ),
};

const store = text(
  "Table of the settings: system_metadata or system_config; api through the API. Default: system_metadata, or api.",
);

interface Described {
  readonly description: string;
  readonly inputs: Properties;
  readonly needed: readonly string[];
  /** What is known when it has been made, besides the inputs. */
  readonly outputs: Properties;
}

const resources: Record<string, Described> = {
  SettingsSnapshot: {
    description:
      "Looks at everything before anything is touched, and remembers what Immich's settings were. It only reads.",
    inputs: {
      keys: texts("Immich's names of the settings to remember: `oauth.clientId`."),
      store,
      restarts: flag("Whether the Compose service is going to be restarted. Default: true."),
      makesLogin: text(
        "PostgreSQL role that is going to be made for the settings; looks whether it can be. Default: none.",
      ),
    },
    needed: ["keys"],
    outputs: {
      database: text("The database, or the API, in words."),
      service: text("The Compose service that is restarted, in words; empty where none is."),
      previous: { ...settings("By setting, what was stored."), secret: true },
      immichVersion: text("Immich's version, empty where it can't be asked."),
      databaseId: text("Which database it is, however it was reached; the address of an API."),
    },
  },
  Settings: {
    description:
      "Settings of Immich, in its own database or through its API: those that are given, and no others. What was there before comes back when it is deleted.",
    inputs: {
      settings: settings("The settings to have, by Immich's names: `oauth.clientId`."),
      whereKnown: settings("Settings to have where this version of Immich knows them."),
      previous: { ...settings("What a SettingsSnapshot remembers."), secret: true },
      databaseId: text("`databaseId` of that snapshot."),
      store,
      login: text("PostgreSQL role that writes them. Default: the provider's `postgresUser`."),
      clientStays: flag(
        "Whether the OAuth client of these settings stays when they are removed: settings of before that were of the same client are put back then, with its secret of now; else Immich's defaults are.",
        { default: false },
      ),
      restartOnDelete: text(
        "When Immich is restarted after the settings were put back: always, whenNeeded or never.",
        { default: "whenNeeded" },
      ),
      restartTimeoutSeconds: whole("How long it may take to be healthy again then, in seconds.", {
        default: 120,
      }),
    },
    needed: ["settings"],
    outputs: {
      settingsChangedAt: text("When the settings last changed (ISO 8601)."),
      immichVersion: text("Immich's version, empty where it can't be asked."),
      skipped: texts("Settings of `whereKnown` that this Immich does not know."),
    },
  },
  LoginCheck: {
    description:
      "Proves that a login would work, without anybody's password, and names what is in the way where it would not.",
    inputs: {
      mode: text("fail: a login that would not work fails the deployment; warn: it is only said.", {
        default: "fail",
      }),
      authentikUrl: text("Address of Authentik's API, without a slash at the end."),
      authentikToken: secret("A token for Authentik's API."),
      authentikPublicUrl: text("Address of Authentik in browsers. Default: `authentikUrl`."),
      applicationSlug: text("Slug of the application in Authentik."),
      issuerUrl: text("Issuer, with the slash at the end."),
      clientId: text("OAuth client ID."),
      clientSecret: secret("OAuth client secret. Default: it is not tried."),
      scopes: texts("Scopes that Immich asks for."),
      redirectUris: texts("Redirect URIs that Authentik accepts."),
      immichUrl: text("Origin of Immich as browsers reach it."),
      logoutUri: text(
        "Where Authentik is to tell of the end of a session. Default: that is not checked.",
      ),
      accessGroups: texts("Groups that may log in. Default: everybody."),
      soleAdminGroups: texts(
        "Groups whose members alone are told to be administrators. Default: nobody's rights are taken away.",
      ),
      settings: settings("The settings that were deployed, by Immich's names."),
      settingsChangedAt: text("When they last changed; the checks run again when this does."),
      passwordLogin: flag("Whether login by password is to be on."),
      store,
      restart: text("The restart policy: onChange, whenNeeded or never. Default: onChange."),
      stack: text("Name of the stack, for the commands in the fixes."),
    },
    needed: [
      "authentikUrl",
      "applicationSlug",
      "issuerUrl",
      "clientId",
      "scopes",
      "redirectUris",
      "immichUrl",
      "settings",
    ],
    outputs: {
      checks: textMap("By check: ok, or the verdict with what was seen and the fix."),
      ok: flag("Whether nothing is broken."),
    },
  },
  PostgresTunnel: {
    description:
      "Where Immich's PostgreSQL is found from here: what the provider `postgresql` takes. TLS with a key of each run.",
    inputs: {},
    needed: [],
    outputs: {
      host: text("127.0.0.1."),
      port: whole("`tunnelPort` of the provider."),
      sslmode: text("verify-full."),
      sslrootcert: text("Path of the tunnel's certificate, from the project's folder."),
    },
  },
};

/** The schema of a version of this provider. */
export function schema(version: string): Value {
  const entries = Object.entries(resources).map(
    ([name, { description, inputs, needed, outputs }]) => [
      `immich:index:${name}`,
      {
        description,
        inputProperties: inputs,
        requiredInputs: [...needed],
        properties: { ...inputs, ...outputs },
        required: [...needed, ...Object.keys(outputs)],
      },
    ],
  );
  return {
    name: "immich",
    displayName: "Immich",
    version,
    description: "Immich's side of single sign-on: settings, login check, tunnel to PostgreSQL",
    license: "MIT",
    config: { variables: configuration, defaults: [] },
    provider: {
      description: "One Immich and the way to it.",
      inputProperties: configuration,
      requiredInputs: [],
      properties: configuration,
      required: [],
    },
    resources: Object.fromEntries(entries),
    language: {
      nodejs: { respectSchemaVersion: true },
      python: { respectSchemaVersion: true, pyproject: { enabled: true } },
      go: { respectSchemaVersion: true, generateResourceContainerTypes: true },
    },
  } as Value;
}

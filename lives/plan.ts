/** What a life of a stack is, and how one is drawn from a seed. */
import fc from "fast-check";

/** An Immich of each kind: rows in `system_config`, the document of before the role claim, and with it. */
export const VERSIONS = ["1.105.1", "1.135.3", "2.3.1"] as const;
export type ImmichVersion = (typeof VERSIONS)[number];

/** A value of the stack's configuration; undefined takes the key away. */
export type Value = string | boolean | readonly string[] | undefined;
export type Configuration = Readonly<Record<string, Value>>;

/** Who dies: the CLI by Ctrl-C; the CLI alone, killed; the CLI and all that it started, as when the machine goes down. */
export type Death = "Ctrl-C" | "CLI killed" | "all killed";

/** What is broken while an `up` runs, and mended afterwards. */
export const TROUBLES = [
  "Immich's restart fails",
  "Authentik names a wrong issuer",
  "Authentik has no discovery document",
  "Authentik is starting",
  "Authentik is down",
  "SSH is down",
  "SSH refuses the key",
  "SSH forwards nothing",
  "PostgreSQL is down",
  "the connection is cut at COMMIT",
  "the answer to COMMIT is lost",
  "the connection is cut at the restart",
] as const;
export type Trouble = (typeof TROUBLES)[number];

/** One step of a life. */
export type Step =
  /** The configuration changes; nothing is run. */
  | { readonly step: "set"; readonly key: string; readonly value: Value }
  | { readonly step: "up"; readonly refresh: boolean }
  | { readonly step: "preview" | "refresh" | "destroy" }
  /** An `up` with a value that can't work, which is put right again afterwards. */
  | { readonly step: "wrong"; readonly key: string; readonly value: Value }
  /** An `up` while something is broken. */
  | { readonly step: "trouble"; readonly trouble: Trouble; readonly refresh: boolean }
  /** A command that dies some milliseconds after it has printed so many lines. */
  | {
      readonly step: "kill";
      readonly command: "up" | "refresh" | "destroy";
      readonly death: Death;
      readonly lines: number;
      readonly ms: number;
    }
  | { readonly step: "rename"; readonly to: string }
  | { readonly step: "upgrade"; readonly to: ImmichVersion };

/** What a stack goes through. After the last step it is destroyed. */
export interface Life {
  readonly immich: ImmichVersion;
  /** Immich's own settings before, by name; none: nobody has ever saved one. */
  readonly before: Readonly<Record<string, unknown>>;
  /** The stack's first configuration, where it differs from the sandbox's. */
  readonly first: Configuration;
  readonly steps: readonly Step[];
  /** Whether an `up` that failed last is followed by a good one before the end. */
  readonly heals: boolean;
}

/** Values that work, by key. */
function rightValues(immich: ImmichVersion): Record<string, readonly Value[]> {
  return {
    sshHost: ["localhost", "127.0.0.1"],
    applicationSlug: ["photos", "immich-2", undefined],
    applicationName: ["Photos", "Immich 📷", undefined],
    providerName: ["photos-provider", "Provider for Immich", undefined],
    clientId: ["photos-client", "another client", undefined],
    clientSecretRotation: ["1", "2", undefined],
    scopes: ["openid email", undefined],
    extraRedirectUris: [["https://photos.example.org/auth/login"], undefined],
    authorizationFlow: ["default-provider-authorization-implicit-consent", undefined],
    mobileApp: [true, undefined],
    accountLinking: [true, undefined],
    launchUrl: ["https://photos.example.org", undefined],
    accessGroups: [["immich-users"], ["immich-admins", "immich-users"], undefined],
    ...(immich === "2.3.1" ? { adminGroups: [["immich-admins"], undefined] } : {}),
    postgresLogin: ["existing", undefined],
    buttonText: ["Sign in", "Mit „Authentik“ & 'mehr'", undefined],
    autoRegister: [false, undefined],
    autoLaunch: ["true", "false", undefined],
    passwordLogin: ["true", "false", undefined],
    restart: ["whenNeeded", undefined],
    loginCheck: ["warn", "off", undefined],
  };
}

/** What somebody else has in Authentik, in every life: names that are taken. */
export const ELSEWHERE = {
  slug: "paperless",
  name: "Paperless",
  provider: "paperless-provider",
  clientId: "paperless-client",
  mapping: "Paperless role",
} as const;

/** Values that can't work, by key; each is known to be wrong before anything is touched. */
function wrongValues(immich: ImmichVersion): Record<string, readonly Value[]> {
  return {
    composeDirectory: ["/opt/elsewhere", "opt"],
    composeService: ["immich-servant"],
    postgresContainer: ["immich_pg"],
    postgresDatabase: ["no_such_database"],
    settingsStore: [immich === "1.105.1" ? "system_metadata" : "system_config"],
    sshHostKey: [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    ],
    sshHots: ["localhost"],
    authorizationFlow: ["no-such-flow"],
    signingKey: ["no such certificate"],
    accessGroups: [["nobody"]],
    ...(immich === "2.3.1" ? {} : { adminGroups: [["immich-admins"]] }),
    applicationSlug: ["authorize", "im mich", ELSEWHERE.slug],
    providerName: [ELSEWHERE.provider],
    clientId: ["é", "x".repeat(256), ELSEWHERE.clientId],
    buttonText: ["two\nlines"],
    scopes: ["openid"],
  };
}

/** A key with one of its values. */
const oneOf = (values: Record<string, readonly Value[]>) =>
  fc
    .constantFrom(...Object.entries(values))
    .chain(([key, choices]) =>
      fc.record({ key: fc.constant(key), value: fc.constantFrom(...choices) }),
    );

/** Settings as a person may have saved them. */
const saved = fc.record(
  {
    "oauth.enabled": fc.boolean(),
    "oauth.issuerUrl": fc.constantFrom("https://old.example.org/application/o/old/", ""),
    "oauth.clientId": fc.constantFrom("of-before", "immich-oauth-client"),
    "oauth.clientSecret": fc.constant("secret-of-before"),
    "oauth.buttonText": fc.constantFrom("By hand", 'Old "way" \\ in 🏞️', "Login with Authentik"),
    "oauth.autoRegister": fc.boolean(),
    "oauth.autoLaunch": fc.constant(false),
    "oauth.scope": fc.constantFrom("openid email profile", "openid email"),
    "passwordLogin.enabled": fc.constant(true),
    "trash.days": fc.integer({ min: 1, max: 90 }),
    "server.loginPageMessage": fc.constant("Hello"),
  },
  { requiredKeys: [] },
);

function step(immich: ImmichVersion): fc.Arbitrary<Step> {
  const kind = <Kind extends Step["step"]>(name: Kind) => fc.constant(name);
  const refresh = fc.boolean();
  const ups = { up: 8, refresh: 1, destroy: 1 } as const;
  const upgrades = VERSIONS.slice(VERSIONS.indexOf(immich) + 1, VERSIONS.indexOf(immich) + 2);
  return fc.oneof(
    {
      weight: 9,
      arbitrary: oneOf(rightValues(immich)).map((set) => ({ step: "set" as const, ...set })),
    },
    { weight: 5, arbitrary: fc.record({ step: kind("up"), refresh }) },
    { weight: 1, arbitrary: fc.record({ step: kind("preview") }) },
    { weight: 1, arbitrary: fc.record({ step: kind("refresh") }) },
    { weight: 1, arbitrary: fc.record({ step: kind("destroy") }) },
    {
      weight: 3,
      arbitrary: oneOf(wrongValues(immich)).map((set) => ({ step: "wrong" as const, ...set })),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        step: kind("trouble"),
        trouble: fc.constantFrom(...TROUBLES),
        refresh,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        step: kind("kill"),
        command: fc.constantFrom(
          ...Object.entries(ups).flatMap(([name, share]) => Array(share).fill(name)),
        ),
        death: fc.constantFrom<Death>("Ctrl-C", "CLI killed", "all killed"),
        lines: fc.integer({ min: 1, max: 30 }),
        ms: fc.integer({ min: 0, max: 300 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        step: kind("rename"),
        to: fc.constantFrom("sandbox", "renamed", "Photos-2"),
      }),
    },
    ...upgrades.map((to) => ({ weight: 1, arbitrary: fc.constant<Step>({ step: "upgrade", to }) })),
  );
}

/** Leaves out what an upgrade has made right, and a second upgrade. */
function possible(steps: readonly Step[]): Step[] {
  const upgrade = steps.findIndex(({ step }) => step === "upgrade");
  return steps.filter(
    (one, at) =>
      upgrade === -1 ||
      at <= upgrade ||
      (one.step !== "upgrade" &&
        !(one.step === "wrong" && ["settingsStore", "adminGroups"].includes(one.key))),
  );
}

const life: fc.Arbitrary<Life> = fc.constantFrom(...VERSIONS).chain((immich) =>
  fc.record({
    immich: fc.constant(immich),
    before: fc.oneof({ weight: 1, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: saved }),
    first: fc
      .array(oneOf(rightValues(immich)), { maxLength: 3 })
      .map((sets) => Object.fromEntries(sets.map(({ key, value }) => [key, value]))),
    steps: fc.array(step(immich), { minLength: 3, maxLength: 7 }).map(possible),
    heals: fc.integer({ min: 0, max: 3 }).map((die) => die > 0),
  }),
);

/** The life of a seed and a number, from 0: the same in every run. */
export function lifeOf(seed: number, number: number): Life {
  const [drawn] = fc.sample(fc.noBias(life), { seed, numRuns: number + 1 }).slice(-1);
  if (!drawn) throw new Error(`no life ${number}`);
  return drawn;
}

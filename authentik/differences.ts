/**
 * What an object in Authentik has, against what a resource of `@pulumi/authentik` is to make of it. The
 * official plugin counts a changed object and does not name what changed in it; and without a refresh Pulumi
 * does not look at all.
 */
import type { Fields } from "./api";

/** Inputs of a resource, by their names in `@pulumi/authentik`; secrets in clear. */
export type Inputs = Readonly<Record<string, unknown>>;

/** The value of an input that a preview does not know yet. */
export const UNKNOWN = Symbol("unknown");

interface Property {
  /** Its name in Authentik's API, where that is not the input's in snake case. */
  readonly field?: string;
  /** Its value is not told. */
  readonly secret?: boolean;
  /** Its value is the UUID of something that has a name. */
  readonly named?: boolean;
  /** Left out it is to stay as it is. */
  readonly optional?: boolean;
  /** How an element of a list is told; the order of a list means nothing. */
  readonly element?: (value: unknown) => string;
}

/** The inputs of a kind of object that matter to somebody who logs in. */
export type Kind = Readonly<Record<string, Property>>;

export const PROVIDER: Kind = {
  name: {},
  clientType: {},
  clientId: {},
  clientSecret: { secret: true },
  authenticationFlow: { named: true },
  authorizationFlow: { named: true },
  invalidationFlow: { named: true },
  propertyMappings: { named: true, element: String },
  allowedRedirectUris: { field: "redirect_uris", element: redirectUri },
  signingKey: { named: true },
  encryptionKey: { named: true },
  includeClaimsInIdToken: {},
  subMode: {},
  issuerMode: {},
  logoutUri: { optional: true },
  logoutMethod: { optional: true },
};

/** All that a provider has besides: one made by this program has it as it was made. */
export const WHOLE_PROVIDER: Kind = {
  ...PROVIDER,
  accessCodeValidity: {},
  accessTokenValidity: {},
  refreshTokenValidity: {},
  refreshTokenThreshold: {},
  logoutUri: {},
  jwtFederationSources: { element: String },
  jwtFederationProviders: { element: String },
};

export const APPLICATION: Kind = {
  name: {},
  slug: {},
  protocolProvider: { field: "provider" },
  metaLaunchUrl: {},
};

/** All that an application has besides. */
export const WHOLE_APPLICATION: Kind = {
  ...APPLICATION,
  backchannelProviders: { element: String },
  group: {},
  metaDescription: {},
  metaIcon: {},
  metaPublisher: {},
};

export const SCOPE_MAPPING: Kind = {
  name: {},
  scopeName: {},
  description: {},
  expression: {},
};

/** All that a policy binding does. */
export const BINDING: Kind = {
  policy: { named: true },
  group: { named: true },
  user: { named: true },
  negate: {},
  enabled: {},
  order: {},
  timeout: {},
  failureResult: {},
};

/** A policy binding as it is made where nothing else is said. */
export const BINDING_AS_MADE: Inputs = {
  negate: false,
  enabled: true,
  timeout: 30,
  failureResult: false,
};

/**
 * One line for each property that differs: `name: "a" => "b"`, `allowedRedirectUris: - https://…`.
 *
 * @param there The object as Authentik answers it.
 * @param wanted The resource's inputs; a property that is left out is to have no value, one that is not known
 *   yet is passed over.
 * @param names What UUIDs are called.
 */
export function differences(
  kind: Kind,
  there: Fields,
  wanted: Inputs,
  names: Readonly<Record<string, string>> = {},
): string[] {
  const lines: string[] = [];
  for (const [input, property] of Object.entries(kind)) {
    const has = there[property.field ?? snake(input)];
    const wants = wanted[input];
    if (wants === UNKNOWN || (property.optional && wants === undefined)) continue;
    const tell = (value: unknown): string =>
      (property.named && names[String(value)]) || shown(value);
    if (property.element) {
      const { element } = property;
      const [now, then] = [elements(has).map(element), elements(wants).map(element)];
      const name = (one: string): string => names[one] ?? one;
      const changes = [
        ...now.filter((one) => !then.includes(one)).map((one) => `- ${name(one)}`),
        ...then.filter((one) => !now.includes(one)).map((one) => `+ ${name(one)}`),
      ];
      if (changes.length > 0) lines.push(`${input}: ${changes.join(", ")}`);
    } else if (plain(has) !== plain(wants)) {
      lines.push(
        property.secret ? `${input}: another one` : `${input}: ${tell(has)} => ${tell(wants)}`,
      );
    }
  }
  return lines;
}

function redirectUri(value: unknown): string {
  const { matching_mode, url } = value as Record<string, string>;
  return matching_mode === "strict" ? String(url) : `${url} (${matching_mode})`;
}

function elements(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Authentik cuts blanks off a text, and has an empty text or null where there is nothing. */
function plain(value: unknown): unknown {
  return typeof value === "string" ? value.trim() || undefined : (value ?? undefined);
}

function shown(value: unknown): string {
  return plain(value) === undefined ? "none" : JSON.stringify(value);
}

function snake(input: string): string {
  return input.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

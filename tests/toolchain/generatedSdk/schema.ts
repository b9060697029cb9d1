/**
 * The schema of the provider goauthentik/authentik 2026.5.0, as far as sdks/authentik goes: the very
 * names and types that Pulumi's bridge gives to its generator.
 *
 * A word is a property: `*` secret, `!` must be there (always is there, among outputs), then its type;
 * a text where none is named.
 */

const resources = {
  Application: {
    inputs:
      "applicationId backchannelProviders:number[] group metaDescription metaHide:boolean metaIcon metaLaunchUrl metaPublisher name openInNewTab:boolean policyEngineMode protocolProvider:number slug! uuid",
    outputs:
      "applicationId! backchannelProviders:number[] group metaDescription metaHide:boolean metaIcon metaLaunchUrl metaPublisher name! openInNewTab:boolean policyEngineMode protocolProvider:number slug! uuid!",
  },
  Group: {
    inputs:
      "attributes groupId isSuperuser:boolean name parents:string[] roles:string[] users:number[]",
    outputs:
      "attributes groupId! isSuperuser:boolean name! parents:string[] roles:string[] users!:number[]",
  },
  PolicyBinding: {
    inputs:
      "enabled:boolean failureResult:boolean group negate:boolean order!:number policy policyBindingId target! timeout:number user:number",
    outputs:
      "enabled:boolean failureResult:boolean group negate:boolean order!:number policy policyBindingId! target! timeout:number user:number",
  },
  PropertyMappingProviderScope: {
    inputs: "description expression! name propertyMappingProviderScopeId scopeName!",
    outputs: "description expression! name! propertyMappingProviderScopeId! scopeName!",
  },
  ProviderOauth2: {
    inputs:
      "accessCodeValidity accessTokenValidity allowedRedirectUris:map[] authenticationFlow authorizationFlow! clientId! clientSecret* clientType encryptionKey grantTypes:string[] includeClaimsInIdToken:boolean invalidationFlow! issuerMode jwksSources:string[] jwtFederationProviders:number[] jwtFederationSources:string[] logoutMethod logoutUri name propertyMappings:string[] providerOauth2Id refreshTokenThreshold refreshTokenValidity signingKey subMode",
    outputs:
      "accessCodeValidity accessTokenValidity allowedRedirectUris:map[] authenticationFlow authorizationFlow! clientId! clientSecret*! clientType encryptionKey grantTypes!:string[] includeClaimsInIdToken:boolean invalidationFlow! issuerMode jwksSources:string[] jwtFederationProviders:number[] jwtFederationSources:string[] logoutMethod logoutUri name! propertyMappings:string[] providerOauth2Id! refreshTokenThreshold refreshTokenValidity signingKey subMode",
  },
};

const functions = {
  getCertificateKeyPair: {
    inputs: "fetchCertificate:boolean fetchKey:boolean keyData* name!",
    outputs:
      "certificateData! expiry! fetchCertificate:boolean fetchKey:boolean fingerprint1! fingerprint256! id! keyData*! name! subject!",
  },
  getFlow: {
    inputs: "authentication designation id slug",
    outputs: "authentication! designation! id! name! slug! title!",
  },
  getGroup: {
    inputs: "id includeUsers:boolean name pk",
    outputs:
      "attributes! id! includeUsers:boolean isSuperuser!:boolean name numPk!:number parentName! parents!:string[] pk users!:number[] usersObjs!:getGroupUsersObj[]",
  },
  getPropertyMappingProviderScope: {
    inputs: "id ids:string[] managed managedLists:string[] name scopeName",
    outputs:
      "description! expression! id! ids!:string[] managed managedLists:string[] name scopeName!",
  },
};

const types = {
  getGroupUsersObj: "attributes email isActive:boolean lastLogin name pk:number uid username",
};

type Json = Record<string, unknown>;

/** The schema in the form that `pulumi package gen-sdk` reads. */
export function authentikSchema(parameter: string): Json {
  const token = (name: string): string =>
    `authentik:index/${(name[0] ?? "").toLowerCase()}${name.slice(1)}:${name}`;
  const config = object("headers*:map insecure:boolean token*! url!");
  return {
    name: "authentik",
    version: "2026.5.0",
    meta: { moduleFormat: "(.*)(?:/[^/]*)" },
    language: { nodejs: { compatibility: "tfbridge20", disableUnionOutputTypes: true } },
    parameterization: {
      baseProvider: { name: "terraform-provider", version: "1.1.3" },
      parameter,
    },
    provider: {
      ...config,
      inputProperties: config.properties,
      requiredInputs: config.required,
    },
    resources: mapped(resources, token, ({ inputs, outputs }) => ({
      ...object(outputs),
      inputProperties: object(inputs).properties,
      requiredInputs: object(inputs).required,
      stateInputs: { ...object(inputs), required: [], type: "object" },
    })),
    functions: mapped(functions, token, ({ inputs, outputs }) => ({
      inputs: { ...object(inputs), type: "object" },
      outputs: { ...object(outputs), type: "object" },
    })),
    types: mapped(types, token, (words) => ({ ...object(words), type: "object" })),
  };
}

function mapped<T>(
  table: Record<string, T>,
  token: (name: string) => string,
  make: (entry: T) => Json,
): Json {
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]) => [token(name), make(entry)]),
  );
}

function object(words: string): { properties: Json; required: string[] } {
  const properties: Json = {};
  const required: string[] = [];
  for (const word of words.split(" ")) {
    const [, name = "", marks = "", kind = "string"] = /^(\w+)([*!]*):?(.*)$/.exec(word) ?? [];
    properties[name] = {
      ...type(kind || "string"),
      ...(marks.includes("*") ? { secret: true } : {}),
    };
    if (marks.includes("!")) required.push(name);
  }
  return { properties, required };
}

function type(kind: string): Json {
  if (kind.endsWith("[]")) return { type: "array", items: type(kind.slice(0, -2)) };
  if (kind === "map") return { type: "object", additionalProperties: { type: "string" } };
  if (kind in types) return { $ref: `#/types/authentik:index/${kind}:${kind}` };
  return { type: kind };
}

import * as pulumi from "@pulumi/pulumi";

export declare class ProviderOauth2 extends pulumi.CustomResource {
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state?: ProviderOauth2State,
    opts?: pulumi.CustomResourceOptions,
  ): ProviderOauth2;
  static isInstance(obj: unknown): obj is ProviderOauth2;
  readonly accessCodeValidity: pulumi.Output<string | undefined>;
  readonly accessTokenValidity: pulumi.Output<string | undefined>;
  readonly allowedRedirectUris: pulumi.Output<{ [key: string]: string }[] | undefined>;
  readonly authenticationFlow: pulumi.Output<string | undefined>;
  readonly authorizationFlow: pulumi.Output<string>;
  readonly clientId: pulumi.Output<string>;
  readonly clientSecret: pulumi.Output<string>;
  readonly clientType: pulumi.Output<string | undefined>;
  readonly encryptionKey: pulumi.Output<string | undefined>;
  readonly grantTypes: pulumi.Output<string[]>;
  readonly includeClaimsInIdToken: pulumi.Output<boolean | undefined>;
  readonly invalidationFlow: pulumi.Output<string>;
  readonly issuerMode: pulumi.Output<string | undefined>;
  readonly jwksSources: pulumi.Output<string[] | undefined>;
  readonly jwtFederationProviders: pulumi.Output<number[] | undefined>;
  readonly jwtFederationSources: pulumi.Output<string[] | undefined>;
  readonly logoutMethod: pulumi.Output<string | undefined>;
  readonly logoutUri: pulumi.Output<string | undefined>;
  readonly name: pulumi.Output<string>;
  readonly propertyMappings: pulumi.Output<string[] | undefined>;
  readonly providerOauth2Id: pulumi.Output<string>;
  readonly refreshTokenThreshold: pulumi.Output<string | undefined>;
  readonly refreshTokenValidity: pulumi.Output<string | undefined>;
  readonly signingKey: pulumi.Output<string | undefined>;
  readonly subMode: pulumi.Output<string | undefined>;
  constructor(name: string, args: ProviderOauth2Args, opts?: pulumi.CustomResourceOptions);
}

/** What a lookup of an existing ProviderOauth2 may be narrowed by. */
export interface ProviderOauth2State {
  accessCodeValidity?: pulumi.Input<string | undefined>;
  accessTokenValidity?: pulumi.Input<string | undefined>;
  allowedRedirectUris?: pulumi.Input<
    pulumi.Input<{ [key: string]: pulumi.Input<string> }>[] | undefined
  >;
  authenticationFlow?: pulumi.Input<string | undefined>;
  authorizationFlow?: pulumi.Input<string | undefined>;
  clientId?: pulumi.Input<string | undefined>;
  clientSecret?: pulumi.Input<string | undefined>;
  clientType?: pulumi.Input<string | undefined>;
  encryptionKey?: pulumi.Input<string | undefined>;
  grantTypes?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  includeClaimsInIdToken?: pulumi.Input<boolean | undefined>;
  invalidationFlow?: pulumi.Input<string | undefined>;
  issuerMode?: pulumi.Input<string | undefined>;
  jwksSources?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  jwtFederationProviders?: pulumi.Input<pulumi.Input<number>[] | undefined>;
  jwtFederationSources?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  logoutMethod?: pulumi.Input<string | undefined>;
  logoutUri?: pulumi.Input<string | undefined>;
  name?: pulumi.Input<string | undefined>;
  propertyMappings?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  providerOauth2Id?: pulumi.Input<string | undefined>;
  refreshTokenThreshold?: pulumi.Input<string | undefined>;
  refreshTokenValidity?: pulumi.Input<string | undefined>;
  signingKey?: pulumi.Input<string | undefined>;
  subMode?: pulumi.Input<string | undefined>;
}

/** The arguments of a ProviderOauth2. */
export interface ProviderOauth2Args {
  /** Format: hours=1;minutes=2;seconds=3. Default: `minutes=1`. */
  accessCodeValidity?: pulumi.Input<string | undefined>;
  /** Format: hours=1;minutes=2;seconds=3. Default: `minutes=10`. */
  accessTokenValidity?: pulumi.Input<string | undefined>;
  /** Each `{ matching_mode: "strict" | "regex", url, redirect_uri_type: "authorization" }`. */
  allowedRedirectUris?: pulumi.Input<
    pulumi.Input<{ [key: string]: pulumi.Input<string> }>[] | undefined
  >;
  authenticationFlow?: pulumi.Input<string | undefined>;
  /** UUID of the flow that asks for consent. */
  authorizationFlow: pulumi.Input<string>;
  clientId: pulumi.Input<string>;
  /** Made up by Authentik when left out. */
  clientSecret?: pulumi.Input<string | undefined>;
  /** Default: `confidential`. */
  clientType?: pulumi.Input<string | undefined>;
  encryptionKey?: pulumi.Input<string | undefined>;
  grantTypes?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Default: `true`. */
  includeClaimsInIdToken?: pulumi.Input<boolean | undefined>;
  /** UUID of the flow that logs out. */
  invalidationFlow: pulumi.Input<string>;
  /** Default: `per_provider`. */
  issuerMode?: pulumi.Input<string | undefined>;
  jwksSources?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** JWTs issued by any of the configured providers can be used to authenticate on behalf of this provider. */
  jwtFederationProviders?: pulumi.Input<pulumi.Input<number>[] | undefined>;
  /** JWTs issued by keys configured in any of the selected sources can be used to authenticate on behalf of this provider. */
  jwtFederationSources?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Default: `backchannel`. */
  logoutMethod?: pulumi.Input<string | undefined>;
  logoutUri?: pulumi.Input<string | undefined>;
  name?: pulumi.Input<string | undefined>;
  /** UUIDs of scope mappings; without them no scope but `openid` is offered. */
  propertyMappings?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  providerOauth2Id?: pulumi.Input<string | undefined>;
  /** Format: hours=1;minutes=2;seconds=3. Default: `seconds=0`. */
  refreshTokenThreshold?: pulumi.Input<string | undefined>;
  /** Format: hours=1;minutes=2;seconds=3. Default: `days=30`. */
  refreshTokenValidity?: pulumi.Input<string | undefined>;
  /** UUID of a certificate; without one tokens are signed HS256. */
  signingKey?: pulumi.Input<string | undefined>;
  /** Default: `hashed_user_id`. */
  subMode?: pulumi.Input<string | undefined>;
}

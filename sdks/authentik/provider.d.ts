import * as pulumi from "@pulumi/pulumi";

/** A connection to one Authentik; configuration `authentik:url`, `authentik:token` makes the default one. */
export declare class Provider extends pulumi.ProviderResource {
  static isInstance(obj: unknown): obj is Provider;
  readonly token: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  constructor(name: string, args: ProviderArgs, opts?: pulumi.ResourceOptions);
}

/** The arguments of a Provider. */
export interface ProviderArgs {
  /** HTTP headers sent with every request. */
  headers?: pulumi.Input<{ [key: string]: pulumi.Input<string> } | undefined>;
  /** Whether to skip TLS verification. Default: `AUTHENTIK_INSECURE` of the environment, else false. */
  insecure?: pulumi.Input<boolean | undefined>;
  /** An API token of Authentik. */
  token: pulumi.Input<string>;
  /** The address of Authentik, without `/api/v3`. */
  url: pulumi.Input<string>;
}

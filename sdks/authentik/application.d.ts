import * as pulumi from "@pulumi/pulumi";

export declare class Application extends pulumi.CustomResource {
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state?: ApplicationState,
    opts?: pulumi.CustomResourceOptions,
  ): Application;
  static isInstance(obj: unknown): obj is Application;
  readonly applicationId: pulumi.Output<string>;
  readonly backchannelProviders: pulumi.Output<number[] | undefined>;
  readonly group: pulumi.Output<string | undefined>;
  readonly metaDescription: pulumi.Output<string | undefined>;
  readonly metaHide: pulumi.Output<boolean | undefined>;
  readonly metaIcon: pulumi.Output<string | undefined>;
  readonly metaLaunchUrl: pulumi.Output<string | undefined>;
  readonly metaPublisher: pulumi.Output<string | undefined>;
  readonly name: pulumi.Output<string>;
  readonly openInNewTab: pulumi.Output<boolean | undefined>;
  readonly policyEngineMode: pulumi.Output<string | undefined>;
  readonly protocolProvider: pulumi.Output<number | undefined>;
  readonly slug: pulumi.Output<string>;
  readonly uuid: pulumi.Output<string>;
  constructor(name: string, args: ApplicationArgs, opts?: pulumi.CustomResourceOptions);
}

/** What a lookup of an existing Application may be narrowed by. */
export interface ApplicationState {
  applicationId?: pulumi.Input<string | undefined>;
  backchannelProviders?: pulumi.Input<pulumi.Input<number>[] | undefined>;
  group?: pulumi.Input<string | undefined>;
  metaDescription?: pulumi.Input<string | undefined>;
  metaHide?: pulumi.Input<boolean | undefined>;
  metaIcon?: pulumi.Input<string | undefined>;
  metaLaunchUrl?: pulumi.Input<string | undefined>;
  metaPublisher?: pulumi.Input<string | undefined>;
  name?: pulumi.Input<string | undefined>;
  openInNewTab?: pulumi.Input<boolean | undefined>;
  policyEngineMode?: pulumi.Input<string | undefined>;
  protocolProvider?: pulumi.Input<number | undefined>;
  slug?: pulumi.Input<string | undefined>;
  uuid?: pulumi.Input<string | undefined>;
}

/** The arguments of a Application. */
export interface ApplicationArgs {
  applicationId?: pulumi.Input<string | undefined>;
  backchannelProviders?: pulumi.Input<pulumi.Input<number>[] | undefined>;
  group?: pulumi.Input<string | undefined>;
  metaDescription?: pulumi.Input<string | undefined>;
  /** Default: `false`. */
  metaHide?: pulumi.Input<boolean | undefined>;
  metaIcon?: pulumi.Input<string | undefined>;
  metaLaunchUrl?: pulumi.Input<string | undefined>;
  metaPublisher?: pulumi.Input<string | undefined>;
  name?: pulumi.Input<string | undefined>;
  /** Default: `false`. */
  openInNewTab?: pulumi.Input<boolean | undefined>;
  /** Default: `any`. */
  policyEngineMode?: pulumi.Input<string | undefined>;
  /** The number of the provider: `provider.id.apply(Number)`. */
  protocolProvider?: pulumi.Input<number | undefined>;
  slug: pulumi.Input<string>;
  /** What a policy binding takes as its target. */
  uuid?: pulumi.Input<string | undefined>;
}

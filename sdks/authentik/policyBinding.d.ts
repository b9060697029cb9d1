import * as pulumi from "@pulumi/pulumi";

export declare class PolicyBinding extends pulumi.CustomResource {
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state?: PolicyBindingState,
    opts?: pulumi.CustomResourceOptions,
  ): PolicyBinding;
  static isInstance(obj: unknown): obj is PolicyBinding;
  readonly enabled: pulumi.Output<boolean | undefined>;
  readonly failureResult: pulumi.Output<boolean | undefined>;
  readonly group: pulumi.Output<string | undefined>;
  readonly negate: pulumi.Output<boolean | undefined>;
  readonly order: pulumi.Output<number>;
  readonly policy: pulumi.Output<string | undefined>;
  readonly policyBindingId: pulumi.Output<string>;
  readonly target: pulumi.Output<string>;
  readonly timeout: pulumi.Output<number | undefined>;
  readonly user: pulumi.Output<number | undefined>;
  constructor(name: string, args: PolicyBindingArgs, opts?: pulumi.CustomResourceOptions);
}

/** What a lookup of an existing PolicyBinding may be narrowed by. */
export interface PolicyBindingState {
  enabled?: pulumi.Input<boolean | undefined>;
  failureResult?: pulumi.Input<boolean | undefined>;
  group?: pulumi.Input<string | undefined>;
  negate?: pulumi.Input<boolean | undefined>;
  order?: pulumi.Input<number | undefined>;
  policy?: pulumi.Input<string | undefined>;
  policyBindingId?: pulumi.Input<string | undefined>;
  target?: pulumi.Input<string | undefined>;
  timeout?: pulumi.Input<number | undefined>;
  user?: pulumi.Input<number | undefined>;
}

/** The arguments of a PolicyBinding. */
export interface PolicyBindingArgs {
  /** Default: `true`. */
  enabled?: pulumi.Input<boolean | undefined>;
  /** Default: `false`. */
  failureResult?: pulumi.Input<boolean | undefined>;
  /** UUID of the group */
  group?: pulumi.Input<string | undefined>;
  /** Default: `false`. */
  negate?: pulumi.Input<boolean | undefined>;
  order: pulumi.Input<number>;
  /** UUID of the policy */
  policy?: pulumi.Input<string | undefined>;
  policyBindingId?: pulumi.Input<string | undefined>;
  /** ID of the object this binding should apply to */
  target: pulumi.Input<string>;
  /** Default: `30`. */
  timeout?: pulumi.Input<number | undefined>;
  /** PK of the user */
  user?: pulumi.Input<number | undefined>;
}

import * as pulumi from "@pulumi/pulumi";

export declare class Group extends pulumi.CustomResource {
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state?: GroupState,
    opts?: pulumi.CustomResourceOptions,
  ): Group;
  static isInstance(obj: unknown): obj is Group;
  readonly attributes: pulumi.Output<string | undefined>;
  readonly groupId: pulumi.Output<string>;
  readonly isSuperuser: pulumi.Output<boolean | undefined>;
  readonly name: pulumi.Output<string>;
  readonly parents: pulumi.Output<string[] | undefined>;
  readonly roles: pulumi.Output<string[] | undefined>;
  readonly users: pulumi.Output<number[]>;
  constructor(name: string, args: GroupArgs, opts?: pulumi.CustomResourceOptions);
}

/** What a lookup of an existing Group may be narrowed by. */
export interface GroupState {
  attributes?: pulumi.Input<string | undefined>;
  groupId?: pulumi.Input<string | undefined>;
  isSuperuser?: pulumi.Input<boolean | undefined>;
  name?: pulumi.Input<string | undefined>;
  parents?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  roles?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  users?: pulumi.Input<pulumi.Input<number>[] | undefined>;
}

/** The arguments of a Group. */
export interface GroupArgs {
  /** JSON. Default: `{}`. */
  attributes?: pulumi.Input<string | undefined>;
  groupId?: pulumi.Input<string | undefined>;
  /** Default: `false`. */
  isSuperuser?: pulumi.Input<boolean | undefined>;
  name?: pulumi.Input<string | undefined>;
  parents?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  roles?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  users?: pulumi.Input<pulumi.Input<number>[] | undefined>;
}

import * as pulumi from "@pulumi/pulumi";

export declare class PropertyMappingProviderScope extends pulumi.CustomResource {
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state?: PropertyMappingProviderScopeState,
    opts?: pulumi.CustomResourceOptions,
  ): PropertyMappingProviderScope;
  static isInstance(obj: unknown): obj is PropertyMappingProviderScope;
  readonly description: pulumi.Output<string | undefined>;
  readonly expression: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly propertyMappingProviderScopeId: pulumi.Output<string>;
  readonly scopeName: pulumi.Output<string>;
  constructor(
    name: string,
    args: PropertyMappingProviderScopeArgs,
    opts?: pulumi.CustomResourceOptions,
  );
}

/** What a lookup of an existing PropertyMappingProviderScope may be narrowed by. */
export interface PropertyMappingProviderScopeState {
  description?: pulumi.Input<string | undefined>;
  expression?: pulumi.Input<string | undefined>;
  name?: pulumi.Input<string | undefined>;
  propertyMappingProviderScopeId?: pulumi.Input<string | undefined>;
  scopeName?: pulumi.Input<string | undefined>;
}

/** The arguments of a PropertyMappingProviderScope. */
export interface PropertyMappingProviderScopeArgs {
  description?: pulumi.Input<string | undefined>;
  expression: pulumi.Input<string>;
  name?: pulumi.Input<string | undefined>;
  propertyMappingProviderScopeId?: pulumi.Input<string | undefined>;
  scopeName: pulumi.Input<string>;
}

import * as pulumi from "@pulumi/pulumi";

export declare function getPropertyMappingProviderScope(
  args?: GetPropertyMappingProviderScopeArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetPropertyMappingProviderScopeResult>;
export declare function getPropertyMappingProviderScopeOutput(
  args?: GetPropertyMappingProviderScopeOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetPropertyMappingProviderScopeResult>;

/** What getPropertyMappingProviderScope is asked. */
export interface GetPropertyMappingProviderScopeArgs {
  id?: string;
  ids?: string[];
  managed?: string;
  /** Asks for several mappings by their managed names; `ids` has them. */
  managedLists?: string[];
  name?: string;
  scopeName?: string;
}

/** What getPropertyMappingProviderScope answers. */
export interface GetPropertyMappingProviderScopeResult {
  readonly description: string;
  readonly expression: string;
  readonly id: string;
  readonly ids: string[];
  readonly managed?: string;
  readonly managedLists?: string[];
  readonly name?: string;
  readonly scopeName: string;
}

/** What getPropertyMappingProviderScopeOutput is asked. */
export interface GetPropertyMappingProviderScopeOutputArgs {
  id?: pulumi.Input<string | undefined>;
  ids?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  managed?: pulumi.Input<string | undefined>;
  managedLists?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  name?: pulumi.Input<string | undefined>;
  scopeName?: pulumi.Input<string | undefined>;
}

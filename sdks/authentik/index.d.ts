export { Provider, ProviderArgs } from "./provider";
export { Application, ApplicationArgs, ApplicationState } from "./application";
export { Group, GroupArgs, GroupState } from "./group";
export { PolicyBinding, PolicyBindingArgs, PolicyBindingState } from "./policyBinding";
export {
  PropertyMappingProviderScope,
  PropertyMappingProviderScopeArgs,
  PropertyMappingProviderScopeState,
} from "./propertyMappingProviderScope";
export { ProviderOauth2, ProviderOauth2Args, ProviderOauth2State } from "./providerOauth2";
export {
  getCertificateKeyPair,
  getCertificateKeyPairOutput,
  GetCertificateKeyPairArgs,
  GetCertificateKeyPairOutputArgs,
  GetCertificateKeyPairResult,
} from "./getCertificateKeyPair";
export { getFlow, getFlowOutput, GetFlowArgs, GetFlowOutputArgs, GetFlowResult } from "./getFlow";
export {
  getGroup,
  getGroupOutput,
  GetGroupArgs,
  GetGroupOutputArgs,
  GetGroupResult,
} from "./getGroup";
export {
  getPropertyMappingProviderScope,
  getPropertyMappingProviderScopeOutput,
  GetPropertyMappingProviderScopeArgs,
  GetPropertyMappingProviderScopeOutputArgs,
  GetPropertyMappingProviderScopeResult,
} from "./getPropertyMappingProviderScope";
import * as outputs from "./types/output";
export declare namespace types {
  export { outputs as output };
}

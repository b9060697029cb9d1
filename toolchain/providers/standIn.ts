/** What a stand-in says of itself. */
export function standInFor(
  plugin: string,
  version: string,
): { readonly greeting: string; readonly otherwise: string } {
  return {
    greeting: `is a stand-in for the official plugin ${plugin} ${version}.`,
    otherwise: "Anything else takes the official plugin.",
  };
}

/** The resources in a stack's state, as `pulumi stack export --show-secrets` prints them. */

/** One resource. */
export interface StateResource {
  /** Its type: "authentik:index/application:Application". */
  readonly type: string;
  /** The last part of its URN. */
  readonly name: string;
  /** What the program gave it. Secrets in clear. */
  readonly inputs: Properties;
  /** What came of it, its inputs among it. Secrets in clear. */
  readonly outputs: Properties;
}

export type Properties = Readonly<Record<string, unknown>>;

/** Marks a secret in a state (pulumi/pulumi, sdk/go/common/resource/sig). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/**
 * The resources that are there; those that a replacement or a killed run has left for deletion are not.
 *
 * @param exported what `pulumi stack export --show-secrets` printed
 */
export function resourcesOf(exported: unknown): StateResource[] {
  const { deployment } = (exported ?? {}) as {
    deployment?: { resources?: readonly RawResource[] } | null;
  };
  return (deployment?.resources ?? [])
    .filter((resource) => resource.delete !== true)
    .map(({ type, urn, inputs, outputs }) => ({
      type,
      name: urn.slice(urn.indexOf(`${type}::`) + type.length + 2),
      inputs: revealed(inputs ?? {}) as Properties,
      outputs: revealed({ ...inputs, ...outputs }) as Properties,
    }));
}

interface RawResource {
  readonly type: string;
  readonly urn: string;
  readonly delete?: boolean;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
}

/** The value with its secrets in clear, wherever in it they are. */
function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (value === null || typeof value !== "object") return value;
  const { [SIGNATURE]: mark, plaintext } = value as Properties;
  if (mark !== undefined) {
    return typeof plaintext === "string" ? revealed(JSON.parse(plaintext)) : undefined;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revealed(item)]));
}

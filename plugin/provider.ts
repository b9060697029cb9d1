// What a provider is, seen from the gRPC server that carries it.

import type { Severity } from "./engine";
import type { Value, Values } from "./wire";

/** An error for the user: its message is all they see. */
export class ProviderError extends Error {
  /**
   * @param message What was being done, to what, what came back, what to do next.
   * @param partial What exists all the same, so that the engine remembers it and the next run mends it.
   */
  constructor(
    message: string,
    readonly partial?: { readonly id: string; readonly state: Values },
  ) {
    super(message);
    this.name = "ProviderError";
  }
}

/** What goes with every call: how it is given up, and how it talks to the user. */
export interface Session {
  /** Address of the engine; the same for every plugin of a run. Empty where there is none. */
  readonly engine: string;
  /** Fires when the run is cancelled: stop waiting, fail. */
  readonly signal: AbortSignal;
  /** Shows a message beside the resource at work; `ephemeral` ones are gone when it is done. */
  log(severity: Severity, message: string, ephemeral?: boolean): void;
}

/** A property that is not as it must be. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** How a changed property is dealt with. */
export type Change =
  "add" | "delete" | "update" | "add-replace" | "delete-replace" | "update-replace";

/** The difference between what is and what is wanted. */
export interface Difference {
  /** By property path, such as `privileges[1]`. Empty: nothing to do. */
  readonly changes: Record<string, Change>;
  /** Whether the paths are those of the old inputs (else: of the old state). */
  readonly ofInputs?: boolean;
  /** Whether a replaced resource is deleted before its successor is made. */
  readonly deleteFirst?: boolean;
  /** Whether the engine is told the names of what changed alone, and compares old and new inputs itself. */
  readonly namesOnly?: boolean;
  /** Properties that never change without a new resource. */
  readonly stables?: readonly string[];
}

/** What the engine knows of a resource that it asks about. */
export interface Known {
  readonly id: string;
  readonly urn: string;
  /** The name in the program. */
  readonly name: string;
  /** The inputs of the last deployment; empty when the resource is being imported. */
  readonly oldInputs: Values;
  /** The outputs of the last deployment; empty when the resource is being imported. */
  readonly state: Values;
}

/** One type of resource. */
export interface Resource {
  /** Outputs that are always secret. */
  readonly secrets: readonly string[];
  /** Validates inputs and fills in what was left out. */
  check(
    news: Values,
    olds: Values,
    about: { name: string; seed: Buffer },
  ): { inputs: Values; failures: Failure[] };
  diff(known: Known, inputs: Values): Difference;
  /** The state after `create`, as far as it can be told in a preview. */
  previewCreate(inputs: Values): Values;
  /** An id that a preview makes up. Default: none. */
  previewId?(about: { name: string }): string;
  create(
    about: { urn: string; name: string },
    inputs: Values,
    session: Session,
  ): Promise<{ id: string; state: Values }>;
  /**
   * Why it can't be imported, nor looked up by an id alone, and what to do instead. Default: `read` finds it.
   */
  readonly notImported?: string;
  /** Undefined: it is gone. */
  read(
    known: Known,
    session: Session,
  ): Promise<{ id: string; inputs: Values; state: Values } | undefined>;
  previewUpdate(known: Known, inputs: Values): Values;
  update(known: Known, inputs: Values, session: Session): Promise<Values>;
  delete(known: Known, session: Session): Promise<void>;
}

/** A function of a provider, by which a program looks something up. */
export interface Lookup {
  /** Results that are always secret. */
  readonly secrets: readonly string[];
  run(args: Values, session: Session): Promise<Values>;
}

/** What a provider answers that must not be told from another one, about itself and its configuration. */
export interface Likeness {
  /** What a handshake is refused with: the engine then goes by `accepts`. Default: it is answered. */
  readonly noHandshake?: string;
  /** What the answer to Configure says, beside that previews are supported. */
  readonly accepts?: {
    readonly secrets?: boolean;
    readonly resources?: boolean;
    readonly outputs?: boolean;
    readonly autonaming?: boolean;
  };
  /** What a changed configuration is answered with: nothing at all, or what a bridged provider says. */
  readonly diffConfig?: "unimplemented" | "bridged";
  /** Configuration that is secret. */
  readonly secretConfig?: readonly string[];
  /** What is added to the configuration that was checked. */
  readonly addedConfig?: Values;
}

/** A provider: what is handed to `serve`. */
export interface Provider {
  /** The name that the engine asks for. */
  readonly name: string;
  /** The version that the engine asks for. */
  readonly version: string;
  /** What it says of itself, as in "is …", shown with `pulumi … --debug`. Default: nothing is said. */
  readonly greeting?: string;
  /** A sentence that says what to do where something is asked that it does not know. Default: none. */
  readonly otherwise?: string;
  /** By type token. */
  readonly resources: Record<string, Resource>;
  /** By function token. */
  readonly lookups: Record<string, Lookup>;
  /** For providers that become another by a parameter: says which. */
  parameterize?(parameter: { name: string; version: string; value: string }): {
    name: string;
    version: string;
  };
  /** What is wrong with the provider's configuration. Default: nothing is looked at. */
  checkConfig?(config: Values): readonly Failure[];
  /** Takes the provider's configuration, by property; called before any resource is touched. */
  configure(config: Record<string, string>, session: Session): Promise<void>;
  /** Ends what is under way and lets go of everything; called when the run is cancelled and when it is over. */
  close?(): void;
  /** Where its answers are another provider's. Default: this toolkit's own. */
  readonly likeness?: Likeness;
  /** The schema in JSON, as far as `pulumi import` needs it. */
  schema?(): Value;
}

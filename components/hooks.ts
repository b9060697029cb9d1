/** When Pulumi makes or changes something in Authentik, the program looks first, and says what changes. */
import * as pulumi from "@pulumi/pulumi";

import { AuthentikApi, type Connection } from "../authentik/api";
import type { Commands } from "../authentik/before";
import {
  APPLICATION,
  BINDING,
  BINDING_AS_MADE,
  differences,
  type Inputs,
  type Kind,
  PROVIDER,
  SCOPE_MAPPING,
  UNKNOWN,
} from "../authentik/differences";
import { application, binding, provider, scopeMappingAt } from "../authentik/objects";
import {
  type Circumstances,
  refuseTakenProvider,
  refuseTakenSlug,
  removeDoubles,
  roomForApplication,
  roomForProvider,
  roomForScopeMapping,
  sayDoubles,
} from "./existing";

/** What was found out about Authentik. */
export interface Asked {
  readonly connection: Connection;
  /** By UUID. */
  readonly names: Readonly<Record<string, string>>;
}

/** What the hooks of one application have in common. */
export interface Watched {
  /** In names and messages. */
  readonly name: string;
  /** Whom to ask, and what UUIDs are called; known before anything is registered. */
  readonly asked: pulumi.Output<Asked>;
  readonly generated: boolean;
  readonly commands: Commands;
  /** Where messages are shown. */
  readonly component: pulumi.Resource;
}

/** An object in Authentik, as it is. */
interface There {
  readonly fields: Inputs;
  /** What UUIDs in it are called, where it tells. */
  readonly names?: Asked["names"];
}

interface Looking {
  readonly kind: Kind;
  readonly look: (api: AuthentikApi, id: string) => Promise<There | undefined>;
  /** What an input is where the program leaves it out. */
  readonly defaults?: Inputs;
}

/** What this program makes in Authentik, in words, and how it is looked at. */
const KINDS = {
  provider: { kind: PROVIDER, look: provider },
  application: { kind: APPLICATION, look: application },
  "scope mapping": { kind: SCOPE_MAPPING, look: scopeMappingAt },
  "policy binding": { kind: BINDING, look: binding, defaults: BINDING_AS_MADE },
} satisfies Record<string, Looking>;

/** Hooks of an application's resources. */
export class Hooks {
  private readonly announced = new Set<string>();

  constructor(private readonly watched: Watched) {}

  provider(): pulumi.ResourceHookBinding {
    return {
      beforeCreate: [this.before("provider-exists", roomForProvider)],
      beforeUpdate: [
        this.hook("provider-changes", async ({ id, newInputs = {} }, api, names) => {
          const inputs = await known(newInputs);
          await refuseTakenProvider(api, id, inputs, this.watched.commands);
          await this.announce("provider", api, id, inputs, names);
        }),
      ],
    };
  }

  application(): pulumi.ResourceHookBinding {
    return {
      beforeCreate: [this.before("application-exists", roomForApplication)],
      beforeUpdate: [
        this.hook(
          "application-changes",
          async ({ oldOutputs = {}, newInputs = {} }, api, names) => {
            const inputs = await known(newInputs);
            const slug = String(oldOutputs["slug"]); // its id is the slug that it was made with
            if (inputs["slug"] !== slug)
              await refuseTakenSlug(api, String(inputs["slug"]), this.watched.commands);
            await this.announce("application", api, slug, inputs, names);
          },
        ),
      ],
    };
  }

  scopeMapping(key: string): pulumi.ResourceHookBinding {
    return {
      beforeCreate: [this.before(`${key}-exists`, roomForScopeMapping)],
      beforeUpdate: [
        this.hook(`${key}-changes`, async ({ id, newInputs = {} }, api, names) =>
          this.announce("scope mapping", api, id, await known(newInputs), names),
        ),
      ],
    };
  }

  binding(group: string): pulumi.ResourceHookBinding {
    const after = this.hook(`access-${group}-made`, async ({ id, newInputs = {} }, api) => {
      if (!pulumi.runtime.isDryRun()) await removeDoubles(api, id, await known(newInputs));
    });
    return {
      beforeCreate: [this.before(`access-${group}-exists`, sayDoubles)],
      afterCreate: [after],
      beforeUpdate: [
        this.hook(`access-${group}-changes`, async ({ id, newInputs = {} }, api, names) =>
          this.announce(
            "policy binding",
            api,
            id,
            await known(newInputs),
            names,
            `of the group ${group}`,
          ),
        ),
      ],
    };
  }

  /**
   * Says where something in Authentik is not as this stack made it, or is gone, and Pulumi is not going to
   * change it: it compares with what it remembers, unless it is told to refresh.
   *
   * @param name What it is called in messages. Default: its input `name`.
   */
  sayDrift(
    what: keyof typeof KINDS,
    id: pulumi.Output<string>,
    inputs: Record<string, pulumi.Input<unknown> | undefined>,
    name?: string,
  ): void {
    const wanted = pulumi.output<unknown>(inputs) as pulumi.Output<Inputs>;
    pulumi.all([id, wanted, this.watched.asked]).apply(async ([id, wanted, asked]) => {
      const called = calledSo(what, wanted, name);
      if (this.announced.has(called)) return;
      try {
        const lines = await drift(what, AuthentikApi.at(asked.connection), id, wanted, asked.names);
        const way = `  put it right:  ${this.watched.commands["heal"] ?? "pulumi up --refresh"}`;
        if (lines === undefined)
          this.say("warn", `Authentik's ${called}, which this stack made, is gone.\n${way}`);
        else if (lines.length > 0) {
          const title = `Authentik's ${called} is not as this stack made it:`;
          this.say("warn", [title, ...lines.map((line) => `  ${line}`), way].join("\n"));
        }
      } catch (error) {
        // Nothing depends on it.
        this.say("warn", error instanceof Error ? error.message : String(error));
      }
    });
  }

  /** Says what Pulumi is going to change of something. */
  private async announce(
    what: keyof typeof KINDS,
    api: AuthentikApi,
    id: string,
    wanted: Inputs,
    names: Asked["names"],
    name?: string,
  ): Promise<void> {
    const called = calledSo(what, wanted, name);
    this.announced.add(called);
    const lines = (await drift(what, api, id, wanted, names)) ?? [];
    if (lines.length > 0)
      this.say("info", [`Changes of the ${called} in Authentik:`, ...lines].join("\n  "));
  }

  private before(
    name: string,
    look: (api: AuthentikApi, inputs: Inputs, circumstances: Circumstances) => Promise<void>,
  ): pulumi.ResourceHook {
    return this.hook(name, async ({ newInputs = {} }, api) => {
      await look(api, await known(newInputs), {
        preview: pulumi.runtime.isDryRun(),
        generated: this.watched.generated,
        commands: this.watched.commands,
        say: (text) => this.say("warn", text),
      });
    });
  }

  private hook(
    name: string,
    callback: (
      args: pulumi.ResourceHookArgs,
      api: AuthentikApi,
      names: Asked["names"],
    ) => Promise<void>,
  ): pulumi.ResourceHook {
    const run = async (args: pulumi.ResourceHookArgs): Promise<void> => {
      const asked = (await settled(this.watched.asked)) as Asked | undefined;
      // Not asked yet: a preview that does not know whom.
      if (asked) await callback(args, AuthentikApi.at(asked.connection), asked.names);
    };
    return new pulumi.ResourceHook(`${this.watched.name}-${name}`, run, { onDryRun: true });
  }

  private say(severity: "info" | "warn", text: string): void {
    void pulumi.log[severity](text, this.watched.component);
  }
}

/** An object in words: `provider immich`. */
function calledSo(what: string, inputs: Inputs, name = inputs["name"]): string {
  return `${what} ${String(name)}`;
}

/** What of something is not as it is wanted, a line each; undefined where it is gone. */
async function drift(
  what: keyof typeof KINDS,
  api: AuthentikApi,
  id: string,
  wanted: Inputs,
  names: Asked["names"],
): Promise<string[] | undefined> {
  const { kind, look, defaults }: Looking = KINDS[what];
  const there = await look(api, id);
  return (
    there &&
    differences(kind, there.fields, { ...defaults, ...wanted }, { ...names, ...there.names })
  );
}

/** A hook's inputs, secrets unwrapped; they stay within the hook. */
async function known(inputs: Record<string, unknown>): Promise<Inputs> {
  const entries = Object.entries(inputs).map(async ([key, value]) => {
    const plain = pulumi.Output.isInstance(value) ? await settled(value) : value;
    return [key, pulumi.containsUnknowns(plain) ? UNKNOWN : plain] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** An output's value; `apply` would never call back for one that a preview does not know yet. */
function settled(output: unknown): Promise<unknown> {
  return (output as { promise(): Promise<unknown> }).promise();
}

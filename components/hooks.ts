/** When Pulumi makes or changes something in Authentik, the program looks first, and says what changes. */
import * as pulumi from "@pulumi/pulumi";

import { AuthentikApi, type Connection } from "../authentik/api";
import type { Commands } from "../authentik/before";
import {
  APPLICATION,
  differences,
  type Inputs,
  type Kind,
  PROVIDER,
  UNKNOWN,
} from "../authentik/differences";
import { application, provider } from "../authentik/objects";
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
          const found = await provider(api, id);
          if (found) this.announce("provider", PROVIDER, found.fields, inputs, names);
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
            const found = await application(api, slug);
            if (found) this.announce("application", APPLICATION, found.fields, inputs, names);
          },
        ),
      ],
    };
  }

  scopeMapping(key: string): pulumi.ResourceHookBinding {
    return { beforeCreate: [this.before(`${key}-exists`, roomForScopeMapping)] };
  }

  binding(group: string): pulumi.ResourceHookBinding {
    const after = this.hook(`access-${group}-made`, async ({ id, newInputs = {} }, api) => {
      if (!pulumi.runtime.isDryRun()) await removeDoubles(api, id, await known(newInputs));
    });
    return {
      beforeCreate: [this.before(`access-${group}-exists`, sayDoubles)],
      afterCreate: [after],
    };
  }

  /**
   * Says where something in Authentik is not as this stack made it, and Pulumi is not going to change it: it
   * compares with what it remembers, unless it is told to refresh.
   */
  sayDrift(
    kind: "provider" | "application",
    id: pulumi.Output<string>,
    inputs: Record<string, pulumi.Input<unknown> | undefined>,
  ): void {
    const wanted = pulumi.output<unknown>(inputs) as pulumi.Output<Inputs>;
    pulumi.all([id, wanted, this.watched.asked]).apply(async ([id, wanted, asked]) => {
      if (this.announced.has(kind)) return;
      try {
        const api = AuthentikApi.at(asked.connection);
        const found = await (kind === "provider" ? provider(api, id) : application(api, id));
        const properties = kind === "provider" ? PROVIDER : APPLICATION;
        const lines = found ? differences(properties, found.fields, wanted, asked.names) : [];
        if (found && lines.length > 0) this.say("warn", this.drift(kind, found.name, lines));
      } catch (error) {
        // Nothing depends on it.
        this.say("warn", error instanceof Error ? error.message : String(error));
      }
    });
  }

  private drift(kind: string, name: string, lines: readonly string[]): string {
    return [
      `Authentik's ${kind} ${name} is not as this stack made it:`,
      ...lines.map((line) => `  ${line}`),
      `  put it right:  ${this.watched.commands["heal"] ?? "pulumi up --refresh"}`,
    ].join("\n");
  }

  private announce(
    kind: string,
    properties: Kind,
    there: Inputs,
    wanted: Inputs,
    names: Asked["names"],
  ): void {
    this.announced.add(kind);
    const lines = differences(properties, there, wanted, names);
    if (lines.length > 0)
      this.say("info", [`Changes of the ${kind} in Authentik:`, ...lines].join("\n  "));
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

// The resource RandomPassword: made once, kept in state, made anew when anything about it changes.

import { bridged } from "../bridge";
import type { Properties } from "../properties";
import { ProviderError } from "../../../plugin/provider";
import type { Values } from "../../../plugin/wire";
import { randomText, type Recipe } from "./characters";

const flag = { type: "boolean", default: true, replaces: true } as const;
const least = { type: "number", default: 0, replaces: true } as const;

const properties: Properties = {
  length: {
    type: "number",
    required: true,
    replaces: true,
    check: (value) =>
      Number(value) >= 1
        ? undefined
        : `Attribute length value must be at least 1, got: ${String(value)}`,
  },
  keepers: { type: "map", replaces: true },
  lower: flag,
  upper: flag,
  numeric: { ...flag, computed: true },
  number: { ...flag, computed: true },
  special: flag,
  minLower: least,
  minUpper: least,
  minNumeric: least,
  minSpecial: least,
  overrideSpecial: { type: "string", replaces: true },
  result: { type: "string", output: true, computed: true, secret: true },
  bcryptHash: { type: "string", output: true, computed: true, secret: true },
};

/** RandomPassword, as the plugin `random` has it. */
export const randomPassword = bridged(
  properties,
  {
    async create(wanted) {
      // `number` is the old name of `numeric`; whichever is given speaks for both.
      const numeric = wanted["numeric"] !== false && wanted["number"] !== false;
      const settings = { ...wanted, numeric, number: numeric };
      const recipe = recipeOf(settings);
      const minimum = recipe.minLower + recipe.minUpper + recipe.minNumeric + recipe.minSpecial;
      if (minimum > recipe.length) {
        throw new ProviderError(
          `Attribute length value must be at least sum of min_upper + min_lower + min_numeric + min_special (${minimum}), got: ${recipe.length}`,
        );
      }
      let result: string;
      try {
        result = randomText(recipe);
      } catch (error) {
        throw new ProviderError(
          `Random Read Error: While attempting to generate a random value a read error was generated.\n\nOriginal Error: ${(error as Error).message}`,
        );
      }
      return { id: "none", state: { ...settings, result, bcryptHash: await bcrypt(result) } };
    },

    /** Nothing outside Pulumi knows the password, so there is nothing to read but an import: its id is the password. */
    async read(id, state) {
      if (Object.keys(state).length > 0) return { id, state };
      const imported: Values = {
        length: Buffer.byteLength(id),
        result: id,
        bcryptHash: await bcrypt(id),
      };
      for (const key of ["lower", "upper", "numeric", "number", "special"]) imported[key] = true;
      for (const key of ["minLower", "minUpper", "minNumeric", "minSpecial"]) imported[key] = 0;
      return { id: "none", state: imported };
    },

    async update(_id, state, wanted) {
      return { ...wanted, result: state["result"] ?? "", bcryptHash: state["bcryptHash"] ?? "" };
    },

    async delete() {},
  },
  { bridged: "running", idAmongOutputs: true, failed: (error) => error },
);

function recipeOf(values: Values): Recipe {
  const count = (key: string): number => Number(values[key] ?? 0);
  return {
    length: count("length"),
    lower: values["lower"] !== false,
    upper: values["upper"] !== false,
    numeric: values["numeric"] !== false,
    special: values["special"] !== false,
    minLower: count("minLower"),
    minUpper: count("minUpper"),
    minNumeric: count("minNumeric"),
    minSpecial: count("minSpecial"),
    overrideSpecial: String(values["overrideSpecial"] ?? ""),
  };
}

/** The hash of the first 72 bytes, with the cost and the version mark that Go's bcrypt writes. */
async function bcrypt(text: string): Promise<string> {
  const { genSalt, hash } = await import("bcryptjs");
  const salt = (await genSalt(10)).replace(/^\$2[aby]\$/, "$2a$");
  return hash(text, salt);
}

// A random text with so many characters of each kind.

import { randomInt } from "node:crypto";

/** How a text is to be made. */
export interface Recipe {
  readonly length: number;
  readonly lower: boolean;
  readonly upper: boolean;
  readonly numeric: boolean;
  readonly special: boolean;
  readonly minLower: number;
  readonly minUpper: number;
  readonly minNumeric: number;
  readonly minSpecial: number;
  /** The special characters to take; empty: the usual ones. */
  readonly overrideSpecial: string;
}

const lower = "abcdefghijklmnopqrstuvwxyz";
const special = "!@#$%&*()-_=+[]{}<>:?";

/**
 * Makes a text from the system's random source, every character of a kind as likely as any other.
 *
 * @throws Error when the recipe leaves no characters to choose from.
 */
export function randomText(recipe: Recipe): string {
  const kinds = [
    { use: recipe.upper, set: lower.toUpperCase(), least: recipe.minUpper },
    { use: recipe.lower, set: lower, least: recipe.minLower },
    { use: recipe.numeric, set: "0123456789", least: recipe.minNumeric },
    { use: recipe.special, set: recipe.overrideSpecial || special, least: recipe.minSpecial },
  ];
  const all = kinds.filter(({ use }) => use).map(({ set }) => set);
  if (all.length === 0) throw new Error("the character set specified is empty");
  const text = kinds.flatMap(({ set, least }) => draw(set, least));
  text.push(...draw(all.join(""), recipe.length - text.length));
  return shuffled(text).join("");
}

function draw(set: string, count: number): string[] {
  const characters = [...set];
  return Array.from(
    { length: Math.max(0, count) },
    () => characters[randomInt(characters.length)] as string,
  );
}

function shuffled(items: string[]): string[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] as string, items[last] as string];
  }
  return items;
}

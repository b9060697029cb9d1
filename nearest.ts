/** Which name somebody meant. */

/** The known name with the fewest letters changed; undefined where none is near enough to be meant. */
export function nearest(key: string, known: readonly string[]): string | undefined {
  return known
    .map((name) => ({ name, far: distance(key.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(2, Math.min(key.length, name.length) / 2))
    .sort((a, b) => a.far - b.far)[0]?.name;
}

/** Levenshtein's: how many letters must be put in, taken out or changed. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...from].entries()) {
    const next = [at + 1];
    for (let index = 0; index < to.length; index++) {
      const changed = (row[index] ?? 0) + (letter === to[index] ? 0 : 1);
      next.push(Math.min(changed, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** Quotes a word for a POSIX shell: `it's` → `'it'\''s'`. Words that need no quotes stay as they are. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

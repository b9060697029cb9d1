/** Regular expressions in Python's syntax, which Authentik compiles when they are written. */

/** Where Python's syntax is not JavaScript's: sets, escapes, groups, flags, possessive quantifiers. */
const TOKEN =
  /\[\^?\]?(?:\\.|[^\]\\])*\]|\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|[1-9]\d?|.|$)|\(\?P<(\w*)>|\(\?P=(\w*)\)|\(\?#[^)]*\)|\(\?[a-zA-Z-]+[:)]|\(\?>|\(\?P|\(\?<(?![=!])|\((?!\?)|(?<=[*+?}])\+|\{,(?=\d+\})/gs;

const ESCAPE = /^\\(?:[abfnrtvdswABDSWZ\d]|[1-9]\d|[^a-zA-Z\d]|x..|u....)$/s;
const ESCAPE_IN_SET = /^\\(?:[abfnrtvdswDSW\d]|[^a-zA-Z\d])$/s;
const FLAGS = /^\(\?(?:[aiLmsux]+|[aiLmsux]*-[imsx]+):$/;

/** Whether Python can compile an expression. A look-behind of no fixed width passes here, other than there. */
export function isRegex(source: string): boolean {
  let groups = 0;
  const names = new Set<string>();
  let fits = true;
  const need = (condition: boolean): void => {
    fits &&= condition;
  };
  const body = source.replace(/^\(\?[aimsux]+\)/, "");
  const translated = body.replace(TOKEN, (token: string, name?: string, back?: string) => {
    if (token.startsWith("[")) {
      for (const [escape] of token.matchAll(/\\./gs)) {
        need(ESCAPE_IN_SET.test(escape) || /^\\[xuU]/.test(escape));
      }
      return token.replace(/^(\[\^?)\]/, "$1\\]");
    }
    if (token.startsWith("\\")) {
      need(ESCAPE.test(token) && !(/^\\[1-9]/.test(token) && Number(token.slice(1)) > groups));
      return token.replace(/^\\A$/, "^").replace(/^\\Z$/, "$");
    }
    if (token === "(" || name !== undefined) groups += 1;
    if (token === "(") return token;
    if (name !== undefined) {
      names.add(name);
      return `(?<${name}>`;
    }
    if (back !== undefined) {
      need(names.has(back));
      return `\\k<${back}>`;
    }
    if (token === "(?>") return "(?:";
    if (token === "{,") return "{0,";
    if (token === "+" || token.startsWith("(?#")) return "";
    need(FLAGS.test(token));
    return "(?:";
  });
  try {
    new RegExp(translated);
    return fits;
  } catch {
    return false;
  }
}

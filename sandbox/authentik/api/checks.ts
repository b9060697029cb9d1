/** What a text may look like, as Django and Authentik check it. */
import { isIPv4, isIPv6 } from "node:net";

import { isDuration } from "../oidc/duration";
import type { Table } from "../store";
import { NO_SPACE } from "./values";

/** Says what is wrong with a text; undefined: nothing. */
export type Check = (text: string) => string | undefined;

const matching =
  (test: RegExp, complaint: string): Check =>
  (text) =>
    test.test(text) ? undefined : complaint;

/** A text that goes into an address. */
export const slug = matching(
  /^[-a-zA-Z0-9_]+$/,
  "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.",
);

/** The same where Django REST framework checks it, not the model. */
export const NO_SLUG =
  'Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.';
export const slugField = matching(/^[-a-zA-Z0-9_]+$/, NO_SLUG);

/** A text without spaces; other white space is fine. */
export const noSpace = matching(/^[^ ]*$/, "Value must not contain spaces.");

/** A duration as in "hours=1;minutes=30". */
export const duration: Check = (text) =>
  isDuration(text) ? undefined : `${text} is not in the correct format of 'hours=3;minutes=1'.`;

/** That no other object of its kind has the same; `self` is the one that is changed. */
export const unique =
  <T extends { pk: string | number }, K extends keyof T>(
    table: Table<T>,
    self: T | undefined,
    property: K,
    complaint: string,
  ) =>
  (value: T[K] | string): string | undefined =>
    table.find((row) => row.pk !== self?.pk && row[property] === value) ? complaint : undefined;

const OCTET = "(?:0|25[0-5]|2[0-4][0-9]|1[0-9]?[0-9]?|[1-9][0-9]?)";
const LABEL = "[a-z\\u00a1-\\uffff0-9](?:[a-z\\u00a1-\\uffff0-9-]{0,61}[a-z\\u00a1-\\uffff0-9])?";
const LABELS = "(?:\\.(?!-)[a-z\\u00a1-\\uffff0-9-]{1,63}(?<!-))*";
/** Longest URL and longest host name, in characters. */
const LONGEST_URL = 2048;
const LONGEST_HOST = 253;

/** A URL, its host without a domain too; `before` is what may stand before the host name. */
function url(schemes: readonly string[], before: string): Check {
  const user = `(?:${NO_SPACE.replace("]", ":@/]")}+(?::${NO_SPACE.replace("]", ":@/]")}*)?@)?`;
  const host = `(?:${OCTET}(?:\\.${OCTET}){3}|\\[[0-9a-f:.]+\\]|(?:${before}${LABEL}${LABELS}|localhost))`;
  const whole = new RegExp(
    `^(?:[a-z0-9.+-]*)://${user}${host}(?::\\d{1,5})?(?:[/?#]${NO_SPACE}*)?$`,
    "iu",
  );
  return (text) => {
    const scheme = (text.split("://")[0] ?? "").toLowerCase();
    const fits =
      [...text].length <= LONGEST_URL &&
      schemes.includes(scheme) &&
      whole.test(text) &&
      isHost(/:\/\/([^/?#]*)/.exec(text)?.[1] ?? "");
    return fits ? undefined : "Enter a valid URL.";
  };
}

/** What Python's URL reader asks of the part between `//` and the path besides. */
function isHost(authority: string): boolean {
  const letters = authority.replace(/[@:#?]/g, "");
  if (letters.normalize("NFKC") !== letters && /[/?#@:]/.test(letters.normalize("NFKC")))
    return false;
  if (authority.includes("[") !== authority.includes("]")) return false;
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const bracketed = /^\[(.+)\]/.exec(host)?.[1];
  if (bracketed !== undefined) return isIPv6(bracketed);
  return !authority.includes("[") && [...(host.split(":")[0] ?? "")].length <= LONGEST_HOST;
}

/** Where Authentik tells a client that somebody logged out. */
export const logoutUrl = url(["http", "https", "blank"], "");

/** What opens an application: `%(username)s` and the like may stand before the host name and in the path. */
export const templateUrl = url(
  ["http", "https", "blank", "ssh", "sftp", "ftp", "ftps"],
  "(?:[%()a-z])*",
);

const ATOM = "[-!#$%&'*+/=?^_`{}|~0-9a-z]+";
const QUOTED = String.raw`"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"`;
const MAILBOX = new RegExp(`^(?:${ATOM}(?:\\.${ATOM})*|${QUOTED})$`, "iu");
const DOMAIN = new RegExp(
  `^${LABEL}${LABELS}\\.(?!-)(?:[a-z\\u00a1-\\uffff-]{2,63}|xn--[a-z0-9]{1,59})(?<!-)$`,
  "iu",
);

/** An e-mail address. */
export const NO_EMAIL = "Enter a valid email address.";
export const email: Check = (text) => {
  const at = text.lastIndexOf("@");
  const domain = text.slice(at + 1);
  const literal = /^\[([a-f0-9:.]+)\]$/i.exec(domain)?.[1] ?? "";
  const fits =
    at > 0 &&
    [...text].length <= 320 &&
    MAILBOX.test(text.slice(0, at)) &&
    (domain === "localhost" || DOMAIN.test(domain) || isIPv4(literal) || isIPv6(literal));
  return fits ? undefined : NO_EMAIL;
};

/** Where a user is filed: `users`, `users/staff`. */
export const userPath: Check = (path) => {
  if (path.startsWith("/") || path.endsWith("/")) return "No leading or trailing slashes allowed.";
  return path.includes("//") ? "No empty segments in user path allowed." : undefined;
};

/** The icon of an application: a file of Authentik's, or an address that leads to one. */
export const icon: Check = (given) => {
  if (/^(\/static|web\/dist\/assets|fa:\/\/|http:|https:\/\/)/.test(given)) return undefined;
  const name = given.replaceAll("%(theme)s", "theme");
  if (!/^[a-zA-Z0-9._/-]+$/.test(name))
    return (
      "File name can only contain letters (a-z, A-Z), numbers (0-9), " +
      "dots (.), hyphens (-), underscores (_), and forward slashes (/)"
    );
  if (name.includes("//")) return "File name cannot contain duplicate /";
  if (name.startsWith("/")) return "Absolute paths are not allowed";
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return "Parent directory references ('..') are not allowed";
  if (parts.length === 0 || parts[0]?.startsWith(".")) return "Paths cannot start with '.'";
  if (parts.join("/").length > 1024) return "File name too long (max 1024 characters)";
  return parts.some((part) => part.length > 255)
    ? "Path component too long (max 255 characters)"
    : undefined;
};

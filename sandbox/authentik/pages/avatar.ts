/** The picture of a user: initials on a colour, as Authentik draws them where nobody uploaded one. */
import { createHash } from "node:crypto";

/** Initials: of the first and last name, or the first two letters of the only one. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const [first = "", last] = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return (last ? `${first[0]}${last[0]}` : first.slice(0, 2)).toUpperCase();
}

/** An SVG as a data address. */
export function avatarOf(user: { readonly name: string; readonly username: string }): string {
  const name = user.name || user.username;
  // Dark enough for white letters.
  const digest = [...createHash("md5").update(name).digest().subarray(0, 3)];
  const colour = Buffer.from(digest.map((byte) => 0x30 + (byte % 0x60))).toString("hex");
  const font = "'RedHatText','Overpass',overpass,helvetica,arial,sans-serif";
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="64px" height="64px" viewBox="0 0 64 64" ' +
    `version="1.1"><rect fill="#${colour}" cx="32" cy="32" width="64" height="64" r="32"/>` +
    `<text x="50%" y="50%" style="color: #fff; line-height: 1; font-family: ${font}; " ` +
    'fill="#fff" alignment-baseline="middle" dominant-baseline="middle" text-anchor="middle" ' +
    `font-size="28" font-weight="400" dy=".1em">${initials(name)}</text></svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
}

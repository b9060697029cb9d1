/** The body of a request, which has to be JSON. */
import type { Call } from "../http";
import { JsonError, parseJson } from "./json";
import { detail, Refusal } from "./route";

/**
 * Reads the body; none is an empty object.
 * @throws Refusal for another type (415) and for what is no JSON (400)
 */
export function readJson(call: Call): unknown {
  if (call.body === "") return {};
  const type = call.headers["content-type"] ?? "";
  if (type.split(";")[0]?.trim().toLowerCase() !== "application/json") {
    throw new Refusal(detail(415, `Unsupported media type "${type}" in request.`));
  }
  try {
    return parseJson(call.body);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const before = call.body.slice(0, error.at);
    const lines = before.split("\n");
    const column = [...(lines.at(-1) ?? "")].length + 1;
    const place = `line ${lines.length} column ${column} (char ${[...before].length})`;
    throw new Refusal(detail(400, `JSON parse error - ${error.message}: ${place}`));
  }
}

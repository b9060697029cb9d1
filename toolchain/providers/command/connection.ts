// The argument `connection`: which host, as whom, and how its identity is known.

import type { Failure } from "../../../plugin/provider";
import { isObject, UNKNOWN, type Value, type Values } from "../../../plugin/wire";

const texts = [
  "host",
  "user",
  "password",
  "privateKey",
  "privateKeyPassword",
  "agentSocketPath",
  "hostKey",
];
const numbers = ["port", "dialErrorLimit", "perDialTimeout"];
const defaults: Values = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };

/** The connection with its defaults; its proxy too. */
export function connectionOf(value: Value): Values {
  if (!isObject(value)) return { ...defaults };
  const filled: Values = { ...defaults };
  for (const [key, item] of Object.entries(value)) if (item !== null) filled[key] = item;
  if (isObject(filled["proxy"])) filled["proxy"] = connectionOf(filled["proxy"]);
  return filled;
}

/** What is wrong with a connection, by property; never with a value that may be secret. */
export function checkConnection(connection: Values, path = "connection"): Failure[] {
  const failures: Failure[] = [];
  if (connection["host"] === undefined) {
    failures.push({ property: `${path}.host`, reason: "Missing required property 'host'" });
  }
  for (const [key, value] of Object.entries(connection)) {
    const property = `${path}.${key}`;
    if (value === UNKNOWN) continue;
    if (texts.includes(key)) {
      if (typeof value !== "string") failures.push({ property, reason: "it must be a text" });
    } else if (numbers.includes(key)) {
      if (typeof value !== "number") failures.push({ property, reason: "it must be a number" });
    } else if (key === "proxy" && path === "connection") {
      if (isObject(value)) failures.push(...checkConnection(value, property));
      else failures.push({ property, reason: "it must be an object" });
    } else {
      failures.push({ property, reason: "Unrecognized property" });
    }
  }
  return failures;
}

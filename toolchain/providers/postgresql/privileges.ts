// GRANT and REVOKE.

import { name } from "./sql";

/** A role's rights on objects of one type. */
export interface Rights {
  readonly role: string;
  readonly database: string;
  readonly schema: string;
  readonly objectType: string;
  /** Empty: every object of that type in the schema. */
  readonly objects: readonly string[];
  readonly columns: readonly string[];
  readonly privileges: readonly string[];
  readonly withGrantOption: boolean;
}

/** The privileges of each type of object. */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  database: ["ALL", "CREATE", "CONNECT", "TEMPORARY"],
  function: ["ALL", "EXECUTE"],
  procedure: ["ALL", "EXECUTE"],
  routine: ["ALL", "EXECUTE"],
  schema: ["ALL", "CREATE", "USAGE"],
  sequence: ["ALL", "USAGE", "SELECT", "UPDATE"],
  table: [
    "ALL",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "MAINTAIN",
  ],
  foreign_data_wrapper: ["ALL", "USAGE"],
  foreign_server: ["ALL", "USAGE"],
  column: ["ALL", "SELECT", "INSERT", "UPDATE", "REFERENCES"],
};

/** Types of objects that are in no schema. */
export const withoutSchema: readonly string[] = [
  "database",
  "foreign_data_wrapper",
  "foreign_server",
];

/** The statement that gives the privileges. */
export function grantSql(rights: Rights): string {
  const columns = rights.objectType === "column" ? ` (${rights.columns.map(name).join(",")})` : "";
  const option = rights.withGrantOption ? " WITH GRANT OPTION" : "";
  return `GRANT ${rights.privileges.join(",")}${columns} ON ${target(rights)} TO ${name(rights.role)}${option}`;
}

/** The statement that takes them; undefined when there is nothing to take. */
export function revokeSql(rights: Rights): string | undefined {
  const { objectType, objects, columns, privileges, role } = rights;
  let what = "ALL PRIVILEGES";
  if (objectType === "column") {
    if (privileges.length === 0 || columns.length === 0) return undefined;
    what = `${privileges.join(",")} (${columns.map(name).join(",")})`;
  } else if (objects.length > 0 && privileges.length > 0 && !withoutSchema.includes(objectType)) {
    // By name, so that rights on single columns stay as they are.
    what = privileges.join(",");
  }
  return `REVOKE ${what} ON ${target(rights)} FROM ${name(role)}`;
}

function target({ objectType, database, schema, objects }: Rights): string {
  const kind = objectType.toUpperCase().replaceAll("_", " ");
  switch (objectType) {
    case "database":
      return `DATABASE ${name(database)}`;
    case "schema":
      return `SCHEMA ${name(schema)}`;
    case "foreign_data_wrapper":
    case "foreign_server":
      return `${kind} ${name(objects[0] ?? "")}`;
    case "column":
      return `TABLE ${inSchema(schema, objects)}`;
    default:
      return objects.length > 0
        ? `${kind} ${inSchema(schema, objects)}`
        : `ALL ${kind}S IN SCHEMA ${name(schema)}`;
  }
}

/** A function may be named with the types of its arguments, which are not quoted. */
function inSchema(schema: string, objects: readonly string[]): string {
  return objects
    .map((object) => {
      const [simple = "", ...types] = object.split("(");
      return `${name(schema)}.${name(simple)}${types.length > 0 ? `(${types.join("(")}` : ""}`;
    })
    .join(",");
}

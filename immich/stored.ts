import { asImmichReads, get, type Override, SECTIONS, toPath } from "./reading";
import type { Fault, Store } from "./stores/store";
import type { StoreName } from "./types";

/**
 * What is stored already that keeps Immich from starting or makes it ignore its settings. Nothing may be built on that.
 *
 * @param state what the store read
 */
export function validateStored<State>(store: Store<State>, state: State): Fault[] {
  const faults = store.faults(state);
  // What Immich itself answers it can read.
  if (store.name === "api" || faults.length > 0) return faults;
  return shapeFaults(store.overrides(state), store.name);
}

function shapeFaults(overrides: readonly Override[], store: StoreName): Fault[] {
  const faults: Fault[] = [];
  for (const { property, value } of overrides) {
    const path = toPath(property);
    if (SECTIONS.includes(path.join("."))) {
      const kind =
        value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
      faults.push({
        what: `${property} is ${kind}, in the place of a whole group of settings`,
        effect: "Immich does not start with it, and a running one answers 500",
        sql: removal([property], store),
      });
    }
  }
  const config = asImmichReads(overrides, undefined, store);
  for (const property of ["ffmpeg.acceptedVideoCodecs", "ffmpeg.acceptedAudioCodecs"]) {
    const value = get(config, property);
    if (value === undefined || Array.isArray(value)) continue;
    faults.push({
      what: `${property} is not a list`,
      effect: "Immich does not start with it (by its sources: it looks into the list)",
      sql: removal([propertyFor(overrides, property)], store),
    });
  }
  const domain = get(config, "server.externalDomain");
  const isUrl = typeof domain === "string" && (domain === "" || URL.canParse(domain));
  if (store === "system_metadata" && !isUrl && faults.length === 0) {
    faults.push({
      what: "server.externalDomain is not a URL",
      effect: "Immich does not start with it, and a running one answers 500",
      sql: removal([propertyFor(overrides, "server.externalDomain")], store),
    });
  }
  return faults;
}

function propertyFor(overrides: readonly Override[], name: string): string {
  const steps = name.split(".").join("\0");
  return (
    overrides.findLast(({ property }) => toPath(property).join("\0") === steps)?.property ?? name
  );
}

/** SQL that takes stored settings away, so that Immich's defaults count: nested ones and names with dots in them. */
export function removal(properties: readonly string[], store: StoreName): string {
  const names = properties.map((property) => `'${property.replaceAll("'", "''")}'`);
  if (store === "system_config") {
    const which = names.length === 1 ? `= ${names[0]}` : `IN (${names.join(", ")})`;
    return `DELETE FROM system_config WHERE key ${which}`;
  }
  const nested = properties
    .filter((property) => property.includes("."))
    .map((property) => ` #- '{${toPath(property).join(",").replaceAll("'", "''")}}'`);
  const flat = `value - ${names.join(" - ")}`;
  const value = nested.length === 0 ? flat : `(${flat})${nested.join("")}`;
  return `UPDATE system_metadata SET value = ${value} WHERE key = 'system-config'`;
}

// Resources of Authentik that are one object of its REST API: POST, GET, PUT and DELETE of a JSON body.

import { bridged } from "../bridge";
import { snake, type Properties, type Property } from "../properties";
import { ProviderError, type Resource, type Session } from "../../../plugin/provider";
import { same, UNKNOWN, type Value, type Values } from "../../../plugin/wire";
import { logged } from "./failed";
import { HttpError, orGone, text, type Api, type Query } from "./api";

/** One property, and how it travels. */
export interface Field extends Property {
  /** Its name in the body, if that is not the property's in snake case. Null: it does not travel. */
  readonly field?: string | null;
  /** What is sent when it is not set; by default nothing. */
  readonly unset?: null | readonly never[];
  /** Between property and body, where they differ. */
  readonly send?: (value: Value) => Value;
  readonly receive?: (value: Value) => Value;
  /** It is read, but not sent. */
  readonly readOnly?: boolean;
}

/** One kind of object. */
export interface Rest {
  /** As it is called in messages. */
  readonly kind: string;
  /** The path of the list, with its slash at the end. */
  readonly path: string;
  readonly query?: Query;
  readonly fields: Readonly<Record<string, Field>>;
  /** The property that repeats the id. */
  readonly idProperty: string;
  readonly idOf: (body: Values) => string;
}

/** Makes a resource of it. */
export function rest(api: () => Api, rest: Rest): Resource {
  const properties: Properties = {
    ...rest.fields,
    [rest.idProperty]: { type: "string", computed: true, output: true, isId: true },
  };
  const pathOf = (id: string): string => `${rest.path}${encodeURIComponent(id)}/`;
  // The bridge knows a resource by the id in its state, and the engine by the one that it was made with: they
  // part when an update changes the id, as a new slug does an application's, until the next refresh.
  const idIn = (state: Values, id: string): string => text(state[rest.idProperty]) ?? id;

  const read = async (
    id: string,
    state: Values,
    session: Session,
  ): Promise<{ id: string; state: Values } | undefined> => {
    const body = await orGone(api().get(pathOf(idIn(state, id)), rest.query, session));
    if (!body) return undefined;
    const now = rest.idOf(body);
    return { id: now, state: { ...received(rest.fields, body, state), [rest.idProperty]: now } };
  };

  /** What is there after it was written; the write itself has succeeded. */
  const written = async (
    id: string,
    wanted: Values,
    session: Session,
  ): Promise<{ id: string; state: Values }> => {
    let found;
    try {
      found = await read(id, { ...wanted, [rest.idProperty]: id }, session);
    } catch (error) {
      throw new ProviderError((error as Error).message, {
        id,
        state: { ...known(wanted), [rest.idProperty]: id },
      });
    }
    if (!found) {
      throw new ProviderError(
        `The ${rest.kind} ${id} was written and is not there now: was it deleted meanwhile?`,
      );
    }
    return found;
  };

  return bridged(
    properties,
    {
      async create(wanted, session) {
        const body = await api().post(rest.path, sent(rest.fields, wanted), session);
        return written(rest.idOf(body), wanted, session);
      },
      read,
      async update(id, state, wanted, session) {
        let body: Values;
        try {
          body = await api().put(pathOf(idIn(state, id)), sent(rest.fields, wanted), session);
        } catch (error) {
          if (!(error instanceof HttpError) || error.status !== 404) throw error;
          throw new ProviderError(
            `The ${rest.kind} ${id} is not in Authentik any more. Run npx pulumi refresh, then npx pulumi up makes it anew.`,
          );
        }
        return (await written(rest.idOf(body), wanted, session)).state;
      },
      async delete(id, state, session) {
        await orGone(api().delete(pathOf(idIn(state, id)), session));
      },
    },
    { bridged: "running", idAmongOutputs: false, failed: logged },
  );
}

/** The body of a request. */
function sent(fields: Rest["fields"], wanted: Values): Values {
  const body: Values = {};
  for (const [property, field] of Object.entries(fields)) {
    if (field.field === null || field.readOnly) continue;
    const value = wanted[property];
    const name = field.field ?? snake(property);
    const empty =
      value === undefined ||
      value === UNKNOWN ||
      value === "" ||
      (Array.isArray(value) && value.length === 0);
    if (!empty) body[name] = field.send ? field.send(value) : value;
    else if (field.unset !== undefined) body[name] = field.unset === null ? null : [];
  }
  return body;
}

/** The properties of an object, empty where Authentik has none; lists keep the order they had. */
function received(fields: Rest["fields"], body: Values, before: Values): Values {
  const state: Values = {};
  for (const [property, field] of Object.entries(fields)) {
    if (field.field === null) continue;
    const raw = body[field.field ?? snake(property)];
    if (raw === undefined || raw === null) {
      // A version of Authentik that does not have this yet behaves as by default.
      state[property] = field.default ?? nothing[field.type];
      continue;
    }
    const value = field.receive ? field.receive(raw) : raw;
    const old = before[property];
    state[property] = Array.isArray(value) && Array.isArray(old) ? inOrder(old, value) : value;
  }
  return state;
}

/** What Terraform takes for nothing. */
const nothing: Record<Property["type"], Value> = {
  string: "",
  number: 0,
  boolean: false,
  list: [],
  set: [],
  map: {},
};

/** The new elements: first those that were there, in their old order. */
function inOrder(old: Value[], now: Value[]): Value[] {
  const kept = old.filter((item) => now.some((other) => same(item, other)));
  const added = now.filter((item) => !old.some((other) => same(item, other)));
  return [...kept, ...added];
}

function known(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== UNKNOWN));
}

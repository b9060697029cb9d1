/** A resource that can be listed, read, created, changed and deleted, as most of the API is. */
import type { Reply } from "../http";
import { json, noContent } from "../http";
import type { Store, Table } from "../store";
import type { ComplaintTree, Fields } from "./fields";
import { readBody } from "./fields";
import type { Listing } from "./lists";
import { list } from "./lists";
import type { ApiContext, ApiRoute } from "./route";
import { detail, notFound } from "./route";

/** How a resource differs from the others. `T`: what the store keeps; `B`: what a body may set. */
export interface Resource<T extends B & { pk: string | number }, B> {
  /** Below /api/v3/, with a slash at its end. */
  readonly path: string;
  /** Authentik's name for it in "No … matches the given query." */
  readonly model: string;
  /** What its last path part is; default "uuid". */
  readonly lookup?: "uuid" | "number" | "slug";
  readonly table: (store: Store) => Table<T>;
  readonly find?: (store: Store, key: string) => T | undefined;
  readonly listing: (context: ApiContext) => Listing<T>;
  /** None: the resource can only be read. */
  readonly fields?: (store: Store) => Fields<B>;
  /** What is wrong with a body that reads well: names that are taken, and the like. */
  readonly check?: (store: Store, body: Partial<B>, self: T | undefined) => ComplaintTree;
  readonly create?: (store: Store, body: B) => T;
  /** After a change; for what follows from it. */
  readonly changed?: (store: Store, row: T) => void;
  readonly remove?: (store: Store, row: T) => void;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The routes of a resource. */
export function resource<T extends B & { pk: string | number }, B>(
  shape: Resource<T, B>,
): ApiRoute[] {
  const { fields, create, remove } = shape;
  const wire = (context: ApiContext, row: T): unknown => shape.listing(context).toWire(row);
  const update = (mode: "put" | "patch") => (context: ApiContext) =>
    withRow(shape, context, (row) => {
      const { store } = context;
      const read = readBody(fields!(store), context.body ?? {}, mode);
      if ("wrong" in read) return json(400, read.wrong);
      const complaints = shape.check?.(store, read.value as Partial<B>, row) ?? {};
      if (Object.keys(complaints).length) return json(400, complaints);
      Object.assign(row, read.value);
      shape.changed?.(store, row);
      return json(200, wire(context, row));
    });
  return [
    {
      path: shape.path,
      handlers: {
        GET: (context) =>
          list(shape.table(context.store).all(), shape.listing(context), context.call),
        ...(fields && create
          ? {
              POST: (context: ApiContext) => {
                const { store } = context;
                const read = readBody(fields(store), context.body ?? {}, "create");
                const body = "wrong" in read ? { wrong: read.wrong } : read;
                if ("wrong" in body) return json(400, body.wrong);
                const complaints = shape.check?.(store, body.value as B, undefined) ?? {};
                if (Object.keys(complaints).length) return json(400, complaints);
                return json(201, wire(context, create(store, body.value as B)));
              },
            }
          : {}),
      },
    },
    {
      path: `${shape.path}:key/`,
      handlers: {
        GET: (context) => withRow(shape, context, (row) => json(200, wire(context, row))),
        ...(fields ? { PUT: update("put"), PATCH: update("patch") } : {}),
        ...(remove
          ? {
              DELETE: (context: ApiContext) =>
                withRow(shape, context, (row) => {
                  remove(context.store, row);
                  return noContent();
                }),
            }
          : {}),
      },
    },
  ];
}

/** Calls back with the object that the path names, or answers 404 as Authentik does. */
export function withRow<T extends B & { pk: string | number }, B>(
  shape: Pick<Resource<T, B>, "model" | "lookup" | "table" | "find">,
  context: ApiContext,
  use: (row: T) => Reply,
): Reply {
  const key = context.params.key ?? "";
  const lookup = shape.lookup ?? "uuid";
  if (lookup === "number" && !/^\d+$/.test(key)) return detail(404, "Not found.");
  if (lookup === "uuid" && !UUID.test(key)) return detail(404, "Not found.");
  const row = shape.find
    ? shape.find(context.store, key)
    : shape.table(context.store).get((lookup === "number" ? Number(key) : key) as T["pk"]);
  return row ? use(row) : notFound(shape.model);
}

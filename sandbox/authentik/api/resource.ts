/** A resource that can be listed, read, created, changed and deleted, as most of the API is. */
import type { Reply } from "../http";
import { json, noContent } from "../http";
import type { Store, Table } from "../store";
import type { ComplaintTree, Fields, ReadMode } from "./fields";
import { readBody } from "./fields";
import type { Listing } from "./lists";
import { list } from "./lists";
import { uuidFrom } from "./references";
import type { ApiContext, ApiRoute } from "./route";
import { detail, notFound, Refusal } from "./route";

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
  readonly fields?: (store: Store, self: T | undefined) => Fields<B>;
  /** A body with what is assumed for what was not sent, whatever the method. */
  readonly fill?: (body: Partial<B>, context: ApiContext) => Partial<B>;
  /** What is wrong with a body whose fields are right, taken together. */
  readonly check?: (store: Store, body: Partial<B>, self: T | undefined) => ComplaintTree;
  readonly create?: (store: Store, body: B) => T;
  /** After a change; for what follows from it. */
  readonly changed?: (store: Store, row: T) => void;
  readonly remove?: (store: Store, row: T) => void;
}

/** The routes of a resource. */
export function resource<T extends B & { pk: string | number }, B>(
  shape: Resource<T, B>,
): ApiRoute[] {
  const { fields, create, remove } = shape;
  const wire = (context: ApiContext, row: T): unknown => shape.listing(context).toWire(row);
  const update = (mode: "put" | "patch") => (context: ApiContext) =>
    withRow(shape, context, (row) => {
      Object.assign(row, judged(shape, context, mode, row));
      shape.changed?.(context.store, row);
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
                const body = judged(shape, context, "create", undefined) as B;
                return json(201, wire(context, create(context.store, body)));
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

/**
 * The body of a request that creates an object or changes `self`.
 * @throws Refusal where something is wrong with it
 */
function judged<T extends B & { pk: string | number }, B>(
  { fields, fill, check }: Resource<T, B>,
  context: ApiContext,
  mode: ReadMode,
  self: T | undefined,
): Partial<B> {
  const { store } = context;
  const read = readBody(fields!(store, self), context.body(), mode);
  if ("wrong" in read) throw new Refusal(json(400, read.wrong));
  const sent = read.value as Partial<B>;
  const body = fill ? fill(sent, context) : sent;
  const complaints = check?.(store, body, self) ?? {};
  if (Object.keys(complaints).length) throw new Refusal(json(400, complaints));
  return body;
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
  const pk = lookup === "number" ? Number(key) : uuidFrom(key);
  if (lookup === "uuid" && pk === undefined) return detail(404, "Not found.");
  const row = shape.find
    ? shape.find(context.store, key)
    : shape.table(context.store).get(pk as T["pk"]);
  return row ? use(row) : notFound(shape.model);
}

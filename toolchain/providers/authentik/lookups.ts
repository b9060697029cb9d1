// The functions of Authentik's Terraform provider: objects found by their names.

import { ProviderError, type Lookup, type Session } from "../../../plugin/provider";
import type { Values } from "../../../plugin/wire";
import { logged } from "./failed";
import { text, type Api, type Query } from "./api";

/** The functions, by their names. */
export function lookups(api: () => Api): Record<string, Lookup> {
  return {
    getFlow: plain(async (args, session) => {
      const found = await first(
        api(),
        "flows/instances/",
        pick(args, ["slug", "designation"]),
        "flows",
        session,
      );
      return {
        id: found["pk"] ?? "",
        ...taken(found, ["title", "name", "slug", "designation", "authentication"]),
      };
    }),

    getGroup: plain(async (args, session) => {
      const include = args["includeUsers"] !== false;
      const pk = text(args["pk"]);
      const name = text(args["name"]);
      if ((pk === undefined) === (name === undefined)) {
        throw new ProviderError("Looking up a group takes one of pk and name, and not both.");
      }
      const query = { include_users: String(include) };
      const found = pk
        ? await api().get(`core/groups/${encodeURIComponent(pk)}/`, query, session)
        : await only(api(), "core/groups/", { ...query, name }, "groups", session);
      return { ...groupOf(found), includeUsers: include };
    }),

    getCertificateKeyPair: {
      secrets: ["keyData"],
      run: telling(async (args, session) => {
        const path = "crypto/certificatekeypairs/";
        const found = await first(api(), path, { name: text(args["name"]) }, "groups", session);
        const id = String(found["pk"]);
        const result: Values = {
          id,
          name: found["name"] ?? "",
          expiry: found["cert_expiry"] ?? "",
          subject: found["cert_subject"] ?? "",
          fingerprint1: found["fingerprint_sha1"] ?? "",
          fingerprint256: found["fingerprint_sha256"] ?? "",
          fetchCertificate: args["fetchCertificate"] !== false,
          fetchKey: args["fetchKey"] !== false,
        };
        if (result["fetchCertificate"]) {
          const { data } = await api().get(`${path}${id}/view_certificate/`, undefined, session);
          result["certificateData"] = `${text(data) ?? ""}\n`;
        }
        if (result["fetchKey"]) {
          const { data } = await api().get(`${path}${id}/view_private_key/`, undefined, session);
          result["keyData"] = `${text(data) ?? ""}\n`;
        }
        return result;
      }),
    },

    getPropertyMappingProviderScope: plain(async (args, session) => {
      const many = Array.isArray(args["managedLists"]) ? (args["managedLists"] as string[]) : [];
      if (many.length > 0 && args["name"]) {
        throw new ProviderError("Looking up scope mappings takes managedLists or name, not both.");
      }
      const query: Query = {
        managed: many.length > 0 ? many : text(args["managed"]),
        name: text(args["name"]),
        scope_name: text(args["scopeName"]),
      };
      const found = await api().list("propertymappings/provider/scope/", query, session);
      const [only] = found;
      if (!only) throw noMatch("mappings");
      const asked = pick(args, ["managed", "name", "scopeName"]);
      if (many.length === 0) {
        return {
          ...defined(asked),
          id: only["pk"] ?? "",
          name: only["name"] ?? "",
          expression: only["expression"] ?? "",
          scopeName: only["scope_name"] ?? "",
          description: only["description"] ?? "",
        };
      }
      return {
        ...defined(asked),
        id: "-1",
        managedLists: many,
        ids: found.map((mapping) => mapping["pk"] ?? ""),
      };
    }),
  };
}

function plain(run: Lookup["run"]): Lookup {
  return { secrets: [], run: telling(run) };
}

function telling(run: Lookup["run"]): Lookup["run"] {
  return async (args, session) => {
    try {
      return await run(args, session);
    } catch (error) {
      throw logged(error as Error, "", "", session);
    }
  };
}

async function first(
  api: Api,
  path: string,
  query: Query,
  things: string,
  session: Session,
): Promise<Values> {
  const [found] = await api.list(path, query, session);
  if (!found) throw noMatch(things);
  return found;
}

async function only(
  api: Api,
  path: string,
  query: Query,
  things: string,
  session: Session,
): Promise<Values> {
  const found = await api.list(path, query, session);
  if (!found[0]) throw noMatch(things);
  if (found.length > 1) throw new ProviderError(`Multiple ${things} found`);
  return found[0];
}

function noMatch(things: string): ProviderError {
  return new ProviderError(`No matching ${things} found`);
}

function pick(args: Values, keys: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(keys.map((key) => [key, text(args[key])]));
}

function defined(values: Record<string, string | undefined>): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Values;
}

function taken(body: Values, properties: readonly string[]): Values {
  const field = (key: string): string =>
    key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(properties.map((key) => [key, body[field(key)] ?? ""]));
}

function groupOf(body: Values): Values {
  return {
    id: body["pk"] ?? "",
    ...taken(body, ["pk", "name"]),
    numPk: body["num_pk"] ?? 0,
    isSuperuser: body["is_superuser"] ?? false,
    parents: body["parents"] ?? [],
    ...(body["parent_name"] ? { parentName: body["parent_name"] } : {}),
    users: body["users"] ?? [],
    attributes: JSON.stringify(body["attributes"] ?? {}),
    usersObjs: ((body["users_obj"] ?? []) as Values[]).map((member) => ({
      pk: member["pk"] ?? 0,
      isActive: member["is_active"] ?? false,
      ...taken(member, ["username", "name", "lastLogin", "email", "uid"]),
      attributes: JSON.stringify(member["attributes"] ?? {}),
    })),
  };
}

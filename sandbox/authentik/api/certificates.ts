/** crypto/certificatekeypairs: certificates with the keys that sign ID tokens. */
import { createPrivateKey, X509Certificate } from "node:crypto";

import type { KeyKind } from "../crypto/certificate";
import { describe, selfSigned } from "../crypto/certificate";
import { json } from "../http";
import type { CertificateRow } from "../model";
import { choice, orNull, readBody, text, whole } from "./fields";
import { equals } from "./lists";
import type { Resource } from "./resource";
import { resource, withRow } from "./resource";
import type { ApiContext, ApiRoute } from "./route";

interface Body {
  name: string;
  certificate_data: string;
  key_data: string;
}

const PATH = "crypto/certificatekeypairs/";

function toWire(row: CertificateRow): unknown {
  const { pk, name, managed } = row;
  return {
    pk,
    name,
    ...describe(row),
    private_key_available: true,
    certificate_download_url: `/api/v3/${PATH}${pk}/view_certificate/?download`,
    private_key_download_url: `/api/v3/${PATH}${pk}/view_private_key/?download`,
    managed,
  };
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

type Shape = Resource<CertificateRow & Partial<Body>, Partial<Body>>;

const shape: Shape = {
  path: PATH,
  model: "CertificateKeyPair",
  table: (store) => store.certificates,
  listing: () => ({
    filters: {
      name: equals((row) => row.name),
      managed: equals((row) => row.managed),
      has_key: { fits: () => true },
    },
    search: (row) => [row.name],
    order: (row) => row.name,
    toWire,
  }),
  fields: () => ({
    name: text({ required: true }),
    certificate_data: text({
      required: true,
      then: (pem) =>
        isReadable(() => new X509Certificate(pem)) ? undefined : "Unable to load certificate.",
    }),
    key_data: text({
      initial: "",
      then: (pem) =>
        isReadable(() => createPrivateKey(pem)) ? undefined : "Unable to load private key.",
    }),
  }),
  create: (store, body) =>
    store.certificates.put({
      pk: store.newId(),
      name: body.name ?? "",
      managed: null,
      certificate: body.certificate_data ?? "",
      key: body.key_data ?? "",
    }),
  remove: (store, row) => store.deleteCertificate(row.pk),
};

function generate({ store, body }: ApiContext): ReturnType<typeof json> {
  const read = readBody(
    {
      common_name: text({ required: true }),
      subject_alt_name: orNull(text({ blank: true, initial: "" })),
      validity_days: whole({ required: true }),
      alg: choice<KeyKind>(["rsa", "ecdsa"], "rsa"),
    },
    body(),
    "create",
  );
  if ("wrong" in read) return json(400, read.wrong);
  const { common_name, subject_alt_name, validity_days, alg } = read.value;
  const pair = selfSigned({
    commonName: common_name,
    altNames: (subject_alt_name ?? "").split(",").filter(Boolean),
    days: validity_days,
    kind: alg,
  });
  const row = store.certificates.put({
    pk: store.newId(),
    name: common_name,
    managed: null,
    ...pair,
  });
  return json(200, toWire(row));
}

const view =
  (part: "certificate" | "key") =>
  (context: ApiContext): ReturnType<typeof json> =>
    withRow(shape, context, (row) => json(200, { data: row[part] }));

/** Routes of crypto/certificatekeypairs. */
export const certificateRoutes: ApiRoute[] = [
  { path: `${PATH}generate/`, handlers: { POST: generate } },
  ...resource(shape),
  { path: `${PATH}:key/view_certificate/`, handlers: { GET: view("certificate") } },
  { path: `${PATH}:key/view_private_key/`, handlers: { GET: view("key") } },
];

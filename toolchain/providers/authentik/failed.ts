// How the official plugin tells of an error: a line of its log, and an answer that ends in ": " because the error
// of a Terraform provider has a detail, and those of this one leave it empty.

import { ProviderError, type Session } from "../../../plugin/provider";

/** Logs an error as the official plugin does, and words it as its answer. */
export function logged(error: Error, _doing: string, _urn: string, session: Session): Error {
  if (session.signal.aborted) return error;
  session.log("error", `[ERROR] : ${error.message}`);
  const partial = error instanceof ProviderError ? error.partial : undefined;
  return new ProviderError(`${error.message}: `, partial);
}

// How the official plugin tells of an error: a line of its log, and a list of one as the answer.

import { ProviderError, type Session } from "../../../plugin/provider";

/** Logs an error as the Terraform SDK does, and words it as its bridge does. */
export function failed(error: Error, doing: string, urn: string, session: Session): Error {
  if (session.signal.aborted) return error;
  session.log(
    "error",
    `  sdk-v2/provider2.go:571: sdk.helper_schema: ${error.message}: provider=postgresql@3.18.1`,
  );
  const about = doing === "refreshing" || doing === "deleting" ? `${doing} ${urn}: ` : "";
  const partial = error instanceof ProviderError ? error.partial : undefined;
  return new ProviderError(`${about}1 error occurred:\n\t* ${error.message}\n\n`, partial);
}

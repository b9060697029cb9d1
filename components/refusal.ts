import * as pulumi from "@pulumi/pulumi";

/**
 * An error that a user is to see as its message alone, at the resource it is about, or for the whole
 * program where there is none.
 */
export function refusal(message: string, resource?: pulumi.Resource): Error {
  const error = resource
    ? new pulumi.ResourceError(message, resource, true)
    : new pulumi.RunError(message);
  // Pulumi inspects an error that has a stack, with all that hangs on it: half a minute of a processor.
  error.stack = undefined;
  // Pulumi writes "error serializing property" before the message of one that comes to a resource's inputs.
  Object.defineProperty(error, "message", { get: () => message, set: () => undefined });
  return error;
}

// How a failure reaches the engine: a message without a stack, and what exists all the same.

import * as grpc from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";

import { ProviderError } from "./provider";
import { toStruct, type Values } from "./wire";

/** A failure that carries the inputs to keep, as the engine remembers a half-made resource. */
export class InitFailed extends ProviderError {
  constructor(
    message: string,
    readonly kept: { readonly id: string; readonly state: Values },
    readonly inputs: Values,
    readonly secrets: readonly string[],
  ) {
    super(message, kept);
  }
}

/** Thrown for a call that this provider does not answer; the engine then does without. */
export class Unimplemented extends Error {}

/** The gRPC error for whatever was thrown. */
export function failed(error: unknown): Partial<grpc.StatusObject> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Unimplemented) {
    return { code: grpc.status.UNIMPLEMENTED, details: message };
  }
  if (!(error instanceof InitFailed)) return { code: grpc.status.UNKNOWN, details: message };
  const detail = new ErrorResourceInitFailed();
  detail.setId(error.kept.id);
  detail.setProperties(toStruct(error.kept.state, error.secrets));
  detail.setInputs(toStruct(error.inputs, error.secrets));
  detail.addReasons(message);
  const any = new Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(message);
  status.addDetails(any);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

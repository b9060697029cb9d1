// `pulumi import` and a look-up by id: both ask a provider to read what it knows nothing of.
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { ReadRequest } from "@pulumi/pulumi/proto/provider_pb";

import { calls } from "../../plugin/calls";
import { EngineLog } from "../../plugin/engine";
import { provider } from "../../provider/provider";

const answers = calls(
  provider,
  (_urn, signal) => ({ engine: "", signal, log: () => undefined }),
  new AbortController(),
  new EngineLog(""),
);

function read(type: string, state: Record<string, string> = {}): Promise<unknown> {
  const request = new ReadRequest();
  request.setId("immich");
  request.setUrn(`urn:pulumi:homelab::photos::${type}::photos`);
  request.setType(type);
  request.setInputs(Struct.fromJavaScript({}));
  request.setProperties(Struct.fromJavaScript(state));
  return answers["read"]!(request, new AbortController().signal);
}

test.each(Object.keys(provider.resources))("%s says what to do instead", async (type) => {
  await expect(read(type)).rejects.toThrow(
    /^photos \(immich\) can't be imported: .*Declare (it|them): .*`pulumi up`/,
  );
});

test("what a deployment knows is read", async () => {
  await expect(read("immich:index:PostgresTunnel", { host: "127.0.0.1" })).resolves.toBeDefined();
});

// The language host: the process that Pulumi's engine starts to run a program written for Node.
//
// It stands in for the official `pulumi-language-nodejs` where that cannot be downloaded, and speaks
// the same protocol (gRPC service pulumirpc.LanguageRuntime). Started as
// `pulumi-language-nodejs [flags] ENGINE_ADDRESS`; its first line of output is the port it serves.
import * as grpc from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as language from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { version } from "@pulumi/pulumi/version";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { exitWithEngine } from "../../plugin/lifetime";
import { about, programDependencies } from "./about";
import { installDependencies } from "./install";
import { requiredPackages } from "./packages";
import { runPlugin, stopPlugins } from "./plugin";
import { runProgram, stopProgram } from "./run";

/** Turns a plain function into a gRPC handler; what it throws becomes the call's error, without a stack. */
function unary<Request, Response>(
  answer: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve(call.request)
      .then(answer)
      .then(
        (response) => callback(null, response),
        (error: unknown) => {
          const details = error instanceof Error ? error.message : String(error);
          callback({ code: grpc.status.UNKNOWN, details });
        },
      );
  };
}

function serve(engineAddress: string): void {
  // The engine's own limit for one message.
  const limit = 400 * 1024 * 1024;
  const server = new grpc.Server({
    "grpc.max_receive_message_length": limit,
    "grpc.max_send_message_length": limit,
  });
  server.addService(LanguageRuntimeService, {
    handshake: unary(() => new language.LanguageHandshakeResponse()),
    getPluginInfo: unary(() => new PluginInfo().setVersion(version)),
    getRequiredPackages: unary(requiredPackages),
    run: unary((request: language.RunRequest) => runProgram(request, engineAddress)),
    about: unary(about),
    getProgramDependencies: unary(programDependencies),
    installDependencies,
    runPlugin,
    runtimeOptionsPrompts: unary(() => new language.RuntimeOptionsResponse()),
    cancel: unary(() => {
      stopProgram();
      return new Empty();
    }),
  });
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      process.stderr.write(`could not listen on 127.0.0.1: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });
}

exitWithEngine(() => {
  stopProgram();
  stopPlugins();
});
serve(process.argv.at(-1) ?? "");

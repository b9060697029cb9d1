// Runs a plugin that is written for Node: the engine asks for one in a folder that has a PulumiPlugin.yaml
// with `runtime: nodejs` and no executable of its own.
import { type ChildProcess, spawn } from "node:child_process";
import * as grpc from "@grpc/grpc-js";
import { type RunPluginRequest, RunPluginResponse } from "@pulumi/pulumi/proto/language_pb";
import { entryPoint } from "./packages";
import { programOptions, typescriptEnvironment } from "./options";

const running = new Set<ChildProcess>();

/**
 * Answers RunPlugin: starts the plugin and streams what it prints until it ends. As with the official host,
 * its standard input is empty, the end of the call kills it, an end with exit code 0 ends the stream, and
 * any other is the call's error.
 */
export const runPlugin: grpc.handleServerStreamingCall<RunPluginRequest, RunPluginResponse> = (
  call,
) => {
  const fail = (details: string): void => {
    call.emit("error", { code: grpc.status.UNKNOWN, details });
  };
  let child: ChildProcess;
  try {
    child = start(call.request);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
    return;
  }
  running.add(child);
  child.stdout?.on("data", (text: Buffer) => call.write(new RunPluginResponse().setStdout(text)));
  child.stderr?.on("data", (text: Buffer) => call.write(new RunPluginResponse().setStderr(text)));
  call.on("cancelled", () => child.kill("SIGKILL"));
  child.once("error", (error) => fail(`could not start Node: ${error.message}`));
  child.once("exit", () => running.delete(child));
  child.once("close", (code, signal) => {
    if (code === 0) call.end();
    else if (signal) fail(`Program was ended by signal ${signal}`);
    else fail(`Program exited with non-zero exit code: ${code}`);
  });
};

/** Ends the plugins that are running: the engine is gone, so nobody else will. */
export function stopPlugins(): void {
  for (const child of running) child.kill("SIGKILL");
}

function start(request: RunPluginRequest): ChildProcess {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() ?? "";
  if (request.getKind() === "analyzer") {
    throw new Error(
      `this stand-in of the language host cannot run the policy pack in ${directory}: it takes the ` +
        "official one (toolchain/README.md)",
    );
  }
  if (request.getAttachDebugger()) {
    throw new Error(
      `this stand-in of the language host cannot attach a debugger to the plugin in ${directory}: ` +
        "it takes the official one (toolchain/README.md)",
    );
  }
  const options = programOptions(info?.getOptions()?.toJavaScript(), "PulumiPlugin.yaml");
  const args = [
    entryPoint("@pulumi/pulumi/cmd/run-plugin", directory),
    // Behind the entry point, where Node does not read them: so does the official host.
    ...options.nodeArguments,
    directory,
    ...request.getArgsList(),
  ];
  return spawn(process.execPath, args, {
    cwd: request.getPwd(),
    env: { ...environment(request.getEnvList()), ...typescriptEnvironment(options) },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function environment(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const end = entry.indexOf("=", 1);
      return [entry.slice(0, end), entry.slice(end + 1)];
    }),
  );
}

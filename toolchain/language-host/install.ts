// `pulumi install`: the program's packages, by npm.
import { spawn } from "node:child_process";
import * as grpc from "@grpc/grpc-js";
import {
  type InstallDependenciesRequest,
  InstallDependenciesResponse,
} from "@pulumi/pulumi/proto/language_pb";

/** Answers InstallDependencies: runs `npm install` in the folder and streams what it says. */
export const installDependencies: grpc.handleServerStreamingCall<
  InstallDependenciesRequest,
  InstallDependenciesResponse
> = (call) => {
  const directory = call.request.getDirectory();
  const child = spawn("npm", ["install", "--no-audit", "--no-fund"], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (text: Buffer) => {
    call.write(new InstallDependenciesResponse().setStdout(text));
  });
  child.stderr.on("data", (text: Buffer) => {
    call.write(new InstallDependenciesResponse().setStderr(text));
  });
  call.on("cancelled", () => child.kill("SIGTERM"));
  const fail = (details: string): void => {
    call.emit("error", { code: grpc.status.UNKNOWN, details });
  };
  child.once("error", (error) => fail(`could not start npm in ${directory}: ${error.message}`));
  child.once("close", (code) => {
    if (code === 0) call.end();
    else fail(`\`npm install\` in ${directory} ended with exit code ${code ?? "unknown"}`);
  });
};

// What `pulumi about` shows of the language and of the program's packages.
import {
  AboutResponse,
  DependencyInfo,
  type GetProgramDependenciesRequest,
  GetProgramDependenciesResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { locate, readManifest } from "./packages";

/** Answers About: the Node that runs programs. */
export function about(): AboutResponse {
  const response = new AboutResponse();
  response.setExecutable(process.execPath).setVersion(process.version);
  response.getMetadataMap().set("languageHost", "stand-in of this project (toolchain/README.md)");
  return response;
}

/** Answers GetProgramDependencies: the packages of package.json in the versions that are installed. */
export function programDependencies(
  request: GetProgramDependenciesRequest,
): GetProgramDependenciesResponse {
  const directory = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const manifest = readManifest(directory);
  const names = Object.keys({ ...manifest?.dependencies, ...manifest?.devDependencies });
  const list = names.sort().map((name) => {
    const version = locate(name, directory)?.manifest.version ?? "not installed";
    return new DependencyInfo().setName(name).setVersion(version);
  });
  return new GetProgramDependenciesResponse().setDependenciesList(list);
}

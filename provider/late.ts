/**
 * Modules that are loaded when they are used: a preview without changes asks for differences alone, and what speaks SSH,
 * SQL and HTTP takes longer to load than all the rest.
 */
/* eslint-disable @typescript-eslint/no-require-imports */
export const container = (): typeof import("../ssh/container") => require("../ssh/container");
export const service = (): typeof import("../ssh/composeService") =>
  require("../ssh/composeService");
export const connections = (): typeof import("../ssh/shared") => require("../ssh/shared");
export const reaching = (): typeof import("../immich/reach") => require("../immich/reach");
export const row = (): typeof import("../immich/row") => require("../immich/row");
export const host = (): typeof import("../checks/host") => require("../checks/host");
export const print = (): typeof import("../checks/print") => require("../checks/print");
export const checks = (): typeof import("../checks/run") => require("../checks/run");
export const fileChecks = (): typeof import("../checks/file") => require("../checks/file");
export const apiChecks = (): typeof import("../checks/api") => require("../checks/api");
export const issuer = (): typeof import("./deadIssuer") => require("./deadIssuer");
export const login = (): typeof import("./dedicatedLogin") => require("./dedicatedLogin");

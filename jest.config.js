"use strict";

module.exports = {
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  testEnvironment: "node",
  // Many tests start servers and wait for them: two at a time keep two cores busy.
  maxWorkers: 2,
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2022", keepClassNames: true },
        module: { type: "commonjs", ignoreDynamic: true },
        swcrc: false,
      },
    ],
  },
  modulePathIgnorePatterns: ["<rootDir>/.cache/"],
};

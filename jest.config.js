"use strict";

module.exports = {
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  testEnvironment: "node",
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

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { globalSetup: "./mockserver.js", silent: "passed-only" },
});

import { defineConfig } from "@playwright/test";

const MOCKSERVER = `http://127.0.0.1:${process.env.MOCKSERVER_PORT ?? 8080}`;
const STOREFRONT = `http://127.0.0.1:${process.env.STOREFRONT_PORT ?? 4173}`;

export default defineConfig({
  testDir: "tests",
  fullyParallel: true, // on one server, since each test has its own sandbox
  workers: 2,
  reporter: "list",
  metadata: { mockserver: MOCKSERVER },
  use: {
    baseURL: STOREFRONT,
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
      args: [
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), // Chromium requires it as root
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  webServer: [
    {
      command: `mockserver --port ${new URL(MOCKSERVER).port}`,
      url: `${MOCKSERVER}/__admin/health`,
      gracefulShutdown: { signal: "SIGTERM", timeout: 5000 },
    },
    {
      command: `node storefront/serve.js ${new URL(STOREFRONT).port}`,
      url: STOREFRONT,
    },
  ],
});

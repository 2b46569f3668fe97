// `test` gives each test its own sandbox and an SDK that uses it.
import { MemoryStorageFactory, gateway } from "@elasticpath/js-sdk";
import { test as base, inject } from "vitest";

export const test = base.extend({
  sandbox: async ({ task }, use) => {
    const sandbox = new Sandbox(inject("mockserver"), `vitest-${task.id}`);
    await use(sandbox);
    await sandbox.admin("DELETE", `/sandboxes/${sandbox.name}`);
  },
  shop: async ({ sandbox }, use) => {
    const { host, pathname, protocol } = new URL(sandbox.url);
    await use(
      gateway({
        client_id: "storefront",
        host: `${host}${pathname}`, // the SDK accepts a path after the host
        protocol: protocol.replace(":", ""),
        storage: new MemoryStorageFactory(),
        retryDelay: 1, // milliseconds; the default of 1,000 would slow the tests down
        retryJitter: 1,
      }),
    );
  },
});

class Sandbox {
  constructor(server, name) {
    this.name = name;
    this.url = `${server}/sandboxes/${name}`;
  }

  /** Call the admin API of this sandbox. */
  async admin(method, path, body) {
    const response = await fetch(`${this.url}/__admin${path}`, {
      method,
      headers: { "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** Respond with an error of the catalog; `match` may contain operation, cart, skip, times … */
  fail(error, match = {}) {
    return this.admin("POST", "/rules", { ...match, then: { error } });
  }

  /** Advance the clock by a duration such as PT1H. */
  advance(duration) {
    return this.admin("PUT", "/clock", { action: "advance", duration });
  }

  /** Return the recorded requests, oldest first. */
  async requests() {
    return (await this.admin("GET", "/requests")).requests.reverse();
  }

  /** Return the recorded requests as lines such as "getCarts 200". */
  async outcomes() {
    return (await this.requests()).map(({ operation, status }) => `${operation} ${status}`);
  }

  /** Return the client warnings of this sandbox. */
  async clientWarnings() {
    const report = await this.admin("GET", `/coverage?sandbox=${this.name}`);
    return report.client_warnings.map(({ warning }) => warning);
  }
}

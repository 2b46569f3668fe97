// `test` gives each test a sandbox of its own and an SDK that lives in it.
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
        host: `${host}${pathname}`, // the SDK takes a path behind the host as it is
        protocol: protocol.replace(":", ""),
        storage: new MemoryStorageFactory(),
        retryDelay: 1, // milliseconds; the SDK's own 1,000 would only make the tests slow
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
    const answer = await fetch(`${this.url}/__admin${path}`, {
      method,
      headers: { "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** Answer with an error of the catalog; `match` may hold operation, cart, skip, times … */
  fail(error, match = {}) {
    return this.admin("POST", "/rules", { ...match, then: { error } });
  }

  /** Move the clock on by a duration such as PT1H. */
  advance(duration) {
    return this.admin("PUT", "/clock", { action: "advance", duration });
  }

  /** Return the requests that came, oldest first. */
  async requests() {
    return (await this.admin("GET", "/requests")).requests.reverse();
  }

  /** Return what came as lines such as "getACart 200". */
  async outcomes() {
    return (await this.requests()).map((each) => `${each.operation} ${each.status}`);
  }

  /** Return what the server noticed of the client's habits. */
  async habits() {
    const report = await this.admin("GET", `/coverage?sandbox=${this.name}`);
    return report.findings.map((each) => each.habit);
  }
}

// `test` gives each test its own sandbox, and a storefront that uses it.
import { test as base } from "@playwright/test";

export { expect } from "@playwright/test";

export const test = base.extend({
  sandbox: async ({ request }, use, { config, testId, retry, repeatEachIndex }) => {
    const name = `${testId}-${repeatEachIndex}-${retry}`;
    const sandbox = new Sandbox(request, config.metadata.mockserver, name);
    await use(sandbox);
    await sandbox.admin("DELETE", `/sandboxes/${name}`);
  },
  storefront: async ({ page, sandbox }, use) => {
    // the storefront reads the base URL of its API at run time: set it to the sandbox's
    await page.route("**/config.json", (route) => route.fulfill({ json: { apiUrl: sandbox.url } }));
    await page.goto("/");
    await use(new Storefront(page));
  },
});

class Sandbox {
  constructor(request, server, name) {
    this.request = request;
    this.url = `${server}/sandboxes/${name}`;
  }

  /** Call the admin API of this sandbox. */
  async admin(method, path, data) {
    const response = await this.request.fetch(`${this.url}/__admin${path}`, { method, data });
    const text = await response.text();
    if (!response.ok()) throw new Error(`${method} ${path}: ${response.status()} ${text}`);
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

  /** Verify the recorded requests; throws with the difference. */
  verify(expected) {
    return this.admin("POST", "/requests/verify", expected);
  }
}

class Storefront {
  constructor(page) {
    this.page = page;
    this.alert = page.getByRole("alert");
    this.carts = page.getByRole("list", { name: "Your carts" }).getByRole("listitem");
    this.refresh = page.getByRole("button", { name: "Refresh" });
  }

  async signIn(password = "ada-password") {
    await this.page.getByLabel("E-mail").fill("ada@example.com");
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
  }

  async newCart(name) {
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByRole("button", { name: "New cart" }).click();
  }
}

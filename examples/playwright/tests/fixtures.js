// `test` gives each test a sandbox of its own, and the storefront that lives in it.
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
    // the storefront reads its API's base URL at run time: here it becomes the sandbox's
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
    const answer = await this.request.fetch(`${this.url}/__admin${path}`, { method, data });
    const text = await answer.text();
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${text}`);
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

  /** Throw, with the difference, unless the journal holds what is expected. */
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

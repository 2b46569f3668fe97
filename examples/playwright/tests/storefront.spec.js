import { expect, test } from "./fixtures.js";

const CARTS = ["Ada's cart", "Ada's second cart", "Ada and Grace's cart"];

test("a signed-in user sees their carts", async ({ storefront }) => {
  await storefront.signIn();
  await expect(storefront.carts).toHaveCount(CARTS.length);
  for (const name of CARTS) await expect(storefront.page.getByText(name)).toBeVisible();
});

test("a wrong password is rejected", async ({ storefront }) => {
  await storefront.signIn("guess");
  await expect(storefront.alert).toContainText("Unauthorized");
  await expect(storefront.carts).toHaveCount(0);
});

test("a new cart is listed, in this test only", async ({ storefront }) => {
  await storefront.signIn();
  await storefront.newCart("Birthday");
  await expect(storefront.carts).toHaveText(["Birthday", ...CARTS]);
});

test("an error is shown, and the next attempt succeeds", async ({ storefront, sandbox }) => {
  await storefront.signIn();
  await expect(storefront.carts).toHaveCount(CARTS.length);
  await sandbox.fail("service-unavailable", { operation: "getCarts", times: 1 });
  await storefront.refresh.click();
  await expect(storefront.alert).toContainText("Service Unavailable");
  await storefront.refresh.click();
  await expect(storefront.alert).toBeEmpty();
});

test("an expired access token is replaced silently", async ({ storefront, sandbox }) => {
  await storefront.signIn();
  await expect(storefront.carts).toHaveCount(CARTS.length);
  await sandbox.advance("PT1H1S");
  await storefront.newCart("An hour later");
  await expect(storefront.carts).toHaveCount(CARTS.length + 1);
  await sandbox.verify({
    sequence: [
      { operation: "createACart", status: 401 },
      { operation: "createAnAccessToken", status: 200 },
      { operation: "createACart", status: 201 },
    ],
  });
});

test("an expired session leads back to the sign-in", async ({ storefront, sandbox }) => {
  await storefront.signIn();
  await expect(storefront.carts).toHaveCount(CARTS.length);
  await sandbox.advance("P1D");
  await storefront.refresh.click();
  await expect(storefront.alert).toHaveText("Your session has ended. Please sign in again.");
  await storefront.signIn();
  await expect(storefront.carts).toHaveCount(CARTS.length);
});

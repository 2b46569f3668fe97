import { describe, expect } from "vitest";
import { test } from "./sandbox.js";

const ACCOUNT = "a0000000-0000-4000-8000-000000000001";
const SIGN_IN = {
  type: "account_management_authentication_token",
  authentication_mechanism: "password",
  password_profile_id: "b0000000-0000-4000-8000-000000000001",
  username: "ada@example.com",
  password: "ada-password",
};

describe("carts and accounts", () => {
  test("a guest's cart becomes the account's at sign-in", async ({ shop }) => {
    await shop.Cart("guest").Get();
    const { data } = await shop.AccountMembers.GenerateAccountToken(SIGN_IN);
    const cart = await shop.Cart("guest").AddAccountAssociation(ACCOUNT, data[0].token);
    expect(data[0].account_id).toBe(ACCOUNT);
    expect(cart.data).toEqual([{ type: "account", id: ACCOUNT }]);
  });

  test("a repeated association changes nothing", async ({ shop, sandbox }) => {
    await shop.Cart("ada-cart").AddAccountAssociation(ACCOUNT, "account-1");
    expect(await sandbox.outcomes()).toContain("createAccountCartAssociation 204");
  });

  test("another account's cart is rejected", async ({ shop }) => {
    await expect(
      shop.Cart("grace-cart").AddAccountAssociation(ACCOUNT, "account-1"),
    ).rejects.toMatchObject({ errors: [{ status: 403 }] });
  });

  test("tests do not see each other's changes", async ({ shop }) => {
    const { data } = await shop.Cart("guest").Get();
    expect(data.relationships.accounts).toEqual({});
  });
});

describe("an expired access token", () => {
  test("is replaced by the SDK, and the call repeated", async ({ shop, sandbox }) => {
    await shop.Cart("mine").Get();
    await sandbox.advance("PT1H1S");
    const { data } = await shop.Cart("mine").Get();
    expect(data.id).toBe("mine");
    expect(await sandbox.outcomes()).toEqual([
      "createAnAccessToken 200",
      "getACart 200",
      "getACart 401",
      "createAnAccessToken 200",
      "getACart 200",
    ]);
  });

  test("is not replaced before its time", async ({ shop, sandbox }) => {
    await shop.Cart("mine").Get();
    await sandbox.advance("PT59M");
    await shop.Cart("mine").Get();
    const tokens = (await sandbox.outcomes()).filter((line) => line.startsWith("createAnAccess"));
    expect(tokens).toHaveLength(1);
  });
});

describe("too many requests", () => {
  test("once, and the SDK retries", async ({ shop, sandbox }) => {
    await sandbox.fail("too-many-requests", { operation: "getACart", times: 1 });
    const { data } = await shop.Cart("mine").Get();
    expect(data.id).toBe("mine");
    const [, failed, retried] = await sandbox.requests();
    expect([failed.status, retried.status]).toEqual([429, 200]);
    expect(failed.response.headers).toContainEqual(["Retry-After", "1"]);
  });

  test("each time, and the SDK gives up after four", async ({ shop, sandbox }) => {
    await sandbox.fail("too-many-requests", { operation: "getACart" });
    await expect(shop.Cart("mine").Get()).rejects.toMatchObject({ errors: [{ status: 429 }] });
    const [, ...attempts] = await sandbox.outcomes();
    expect(attempts).toEqual(Array(4).fill("getACart 429"));
  });

  test("there is a warning that the SDK did not wait for Retry-After", async ({ shop, sandbox }) => {
    await sandbox.fail("too-many-requests", { operation: "getACart", times: 1 });
    await shop.Cart("mine").Get();
    expect(await sandbox.clientWarnings()).toContain("retried-too-early");
  });
});

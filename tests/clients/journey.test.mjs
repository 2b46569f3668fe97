// The account-cart journey with the official clients, unmodified, against the server at
// MOCKSERVER_URL. Run by test_js_clients.py, over HTTP and over TLS.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import jsSdk from "@elasticpath/js-sdk";
import * as shopper from "@epcc-sdk/sdks-shopper";

const BASE = new URL(process.env.MOCKSERVER_URL);
const ACCOUNT_TOKEN = "EP-Account-Management-Authentication-Token";
const [ADA, GRACE, HEDY] = [1, 2, 3].map((n) => `a0000000-0000-4000-8000-00000000000${n}`);
const PROFILE = "b0000000-0000-4000-8000-000000000001";
const LOGIN = {
  type: "account_management_authentication_token",
  authentication_mechanism: "password",
  password_profile_id: PROFILE,
};

// An SDK instance as a device has one: its own storage; `answers` holds what the wire brought.
function device(credentials = { client_id: "storefront" }) {
  const kept = new Map();
  const answers = [];
  const sdk = jsSdk.gateway({
    ...credentials,
    host: BASE.host,
    protocol: BASE.protocol.slice(0, -1),
    storage: {
      get: (name) => kept.get(name) ?? null,
      set: (name, value) => kept.set(name, value),
      delete: (name) => kept.delete(name),
    },
    retryDelay: 1,
    retryJitter: 1,
    custom_fetch: async (url, options) => {
      const response = await fetch(url, options);
      answers.push({ call: `${options.method} ${new URL(url).pathname}`, status: response.status });
      return response;
    },
  });
  return { sdk, answers, statuses: () => answers.map((each) => each.status) };
}

const last = (answers) => answers.at(-1).status;
const backOffice = () => device({ client_id: "backoffice", client_secret: "backoffice-secret" });

const signIn = (sdk, username, password) =>
  sdk.AccountMembers.GenerateAccountToken({ ...LOGIN, username, password });

// The JS SDK carries a customer's token in GetCartsList, so the account's goes as a header.
function cartsOf(sdk, accountToken) {
  const header = { [ACCOUNT_TOKEN]: accountToken };
  return sdk.request.send("carts", "GET", undefined, undefined, undefined, true, null, header);
}

async function rejected(promise) {
  try {
    await promise;
  } catch (body) {
    return body.errors[0];
  }
  throw new assert.AssertionError({ message: "the call was not refused" });
}

test("a cart made by a guest is there on every device after the login", async () => {
  const phone = device();
  const cart = (await phone.sdk.Cart().CreateCart({ name: "Holiday" })).data;
  assert.equal(cart.type, "cart");
  assert.ok(Date.parse(cart.meta.timestamps.expires_at) > Date.now());
  assert.deepEqual(phone.answers.map((each) => each.call), [
    "POST /oauth/access_token",
    "POST /v2/carts",
  ]);

  const login = await signIn(phone.sdk, "ADA@example.com", "ada-password");
  const { token, account_id, expires } = login.data[0];
  assert.equal(account_id, ADA);
  assert.equal(typeof expires, "string");
  assert.equal(typeof login.meta.account_member_id, "string");

  const made = await phone.sdk.Cart(cart.id).AddAccountAssociation(ADA, token);
  assert.deepEqual(made, { data: [{ type: "account", id: ADA }] });
  assert.equal(last(phone.answers), 200);
  await phone.sdk.Cart(cart.id).AddAccountAssociation(ADA, token);
  assert.equal(last(phone.answers), 204);

  const laptop = device();
  const listed = await cartsOf(laptop.sdk, token);
  assert.equal(listed.data[0].id, cart.id);
  assert.deepEqual(listed.data[0].relationships.accounts.data, [{ type: "account", id: ADA }]);

  await phone.sdk.Cart(cart.id).RemoveAccountAssociation(ADA, token);
  assert.equal(last(phone.answers), 204);
  const after = await cartsOf(laptop.sdk, token);
  assert.ok(!after.data.some((each) => each.id === cart.id));
  assert.equal((await laptop.sdk.Cart(cart.id).Get()).data.name, "Holiday");
});

test("a member of two accounts gets a token for each", async () => {
  const { sdk } = device();
  const login = await signIn(sdk, "grace@example.com", "grace-password");
  assert.deepEqual(login.data.map((each) => each.account_id).sort(), [GRACE, HEDY].sort());
});

test("an administrator makes a cart shared by two accounts, in two requests", async () => {
  const { sdk, answers } = backOffice();
  const cart = (await sdk.Cart().CreateCart({ name: "Shared" })).data;
  for (const account of [ADA, GRACE]) {
    await sdk.Cart(cart.id).AddAccountAssociation(account);
    assert.equal(last(answers), 200);
  }
  const accounts = (await sdk.Cart(cart.id).Get()).data.relationships.accounts.data;
  assert.deepEqual(accounts.map((each) => each.id), [ADA, GRACE]);
  for (const account of [ADA, GRACE]) await sdk.Cart(cart.id).RemoveAccountAssociation(account);
  await sdk.Cart(cart.id).Delete();
  assert.equal(last(answers), 204);
});

const association = (sdk, cart, body, headers) =>
  sdk.request.send(`carts/${cart}/relationships/accounts`, "POST", body, undefined, undefined, false, null, headers);
const naming = (...ids) => ({ data: ids.map((id) => ({ type: "account", id })) });
const AS_ADA = { [ACCOUNT_TOKEN]: "account-1" };

const REFUSED = {
  "400 another type": {
    call: ({ sdk }) => association(sdk, "free-cart", { data: [{ type: "customer", id: ADA }] }, AS_ADA),
    error: { status: 400, title: "The type does not exist or is not listed as account" },
  },
  "403 two accounts": {
    call: ({ sdk }) => association(sdk, "free-cart", naming(ADA, GRACE), AS_ADA),
    error: { status: 403, title: "Cannot associate more than one account" },
  },
  "403 no account token": {
    call: ({ sdk }) => association(sdk, "free-cart", naming(ADA)),
    error: { status: 403, title: "Account does not have the required permissions to fulfill this request" },
  },
  "403 another account": {
    call: ({ sdk }) => sdk.Cart("free-cart").AddAccountAssociation(GRACE, "account-1"),
    error: { status: 403, title: "Account does not have the required permissions to fulfill this request" },
  },
  "403 another account's cart": {
    call: ({ sdk }) => sdk.Cart("grace-cart").AddAccountAssociation(ADA, "account-1"),
    error: { status: 403, title: "Account does not have the required permissions to fulfill this request" },
  },
  "403 an object for the array": {
    call: ({ sdk }) => association(sdk, "free-cart", { data: { type: "account", id: ADA } }, AS_ADA),
    error: { status: 403, title: "Invalid json payload" },
  },
  "404 unknown cart": {
    call: ({ sdk }) => sdk.Cart("no-such-cart").AddAccountAssociation(ADA, "account-1"),
    error: { status: 404, title: "Not Found", detail: "Cart not found" },
  },
  "404 unknown account": {
    device: backOffice,
    call: ({ sdk }) => sdk.Cart("free-cart").AddAccountAssociation(randomUUID()),
    error: { status: 404, title: "Not Found", detail: "account not found" },
  },
  "422 contact e-mail": {
    call: ({ sdk }) => sdk.Cart("contact-cart").AddAccountAssociation(ADA, "account-1"),
    error: { status: 422, title: "Cannot associate accounts to carts with contact emails" },
  },
  "409 write conflict, by a magic id": {
    call: ({ sdk }) => sdk.Cart("always-write-conflict").AddAccountAssociation(ADA, "account-1"),
    error: { status: 409, title: "Conflict", detail: "Write conflict detected" },
  },
  "500, by a magic id": {
    call: ({ sdk }) => sdk.Cart("always-internal-server-error").AddAccountAssociation(ADA, "account-1"),
    error: { status: 500, title: "Internal Server Error" },
  },
  "503, by a magic id": {
    call: ({ sdk }) => sdk.Cart("always-service-unavailable").AddAccountAssociation(ADA, "account-1"),
    error: { status: 503, title: "Service Unavailable" },
  },
  "400 last cart": {
    call: ({ sdk }) => sdk.Cart("hedy-only-cart").Delete(),
    error: { status: 400, title: "Last cart" },
  },
};

for (const [name, { call, error, device: kind = device }] of Object.entries(REFUSED)) {
  test(`the SDK hands on: ${name}`, async () => {
    const one = kind();
    const got = await rejected(call(one));
    assert.deepEqual({ ...got, ...error }, got);
    assert.equal(last(one.answers), error.status);
  });
}

test("the SDK tries a 429 four times", async () => {
  const { sdk, statuses } = device();
  const got = await rejected(sdk.Cart("always-too-many-requests").AddAccountAssociation(ADA, "account-1"));
  assert.equal(got.status, 429);
  assert.deepEqual(statuses(), [200, 429, 429, 429, 429]);
});

test("the SDK gets a new bearer for a refused account token, and then hands the 401 on", async () => {
  const { sdk, answers } = device();
  const got = await rejected(sdk.Cart("free-cart").AddAccountAssociation(ADA, "no-such-token"));
  assert.deepEqual(got, { status: 401, title: "Unable to validate access token" });
  assert.equal(answers.filter((each) => each.call === "POST /oauth/access_token").length, 4);
});

test("a wrong client gets an error", async () => {
  const { sdk } = device({ client_id: "nobody" });
  assert.deepEqual(await rejected(sdk.Cart("free-cart").Get()), { title: "Unauthorized", status: "401" });
});

test("a storefront that posts bare bodies and doubled slashes gets through its login", async () => {
  const send = (method, path, body) =>
    fetch(new URL(path, BASE), {
      method,
      headers: {
        Authorization: "Bearer shopper",
        "Content-Type": "application/json",
        [ACCOUNT_TOKEN]: "account-3",
      },
      body: body && JSON.stringify(body),
    });
  assert.ok(Array.isArray((await (await send("GET", "/v2//carts")).json()).data));
  const made = await send("POST", "/v2/carts", { name: "Cart" });
  assert.equal(made.status, 201);
  const { data: cart } = await made.json();
  assert.deepEqual(cart.relationships.accounts.data, [{ type: "account", id: HEDY }]);
  const bare = [{ type: "account", id: HEDY }];
  const associated = await send("POST", `/v2/carts/${cart.id}/relationships/accounts`, bare);
  assert.equal(associated.status, 204);
  assert.equal(await associated.text(), "");
  assert.equal((await send("GET", `/v2/carts/${cart.id}?include=items`)).status, 200);
});

test("the shopper SDK makes the same journey", async () => {
  const client = shopper.createClient({ baseUrl: BASE.origin });
  const token = await shopper.createAnAccessToken({
    client,
    body: { grant_type: "implicit", client_id: "storefront" },
    headers: { Authorization: "Bearer stale" },
  });
  assert.equal(token.data.identifier, "implicit");
  assert.ok(token.data.expires > Date.now() / 1000);
  const headers = { Authorization: `Bearer ${token.data.access_token}`, [ACCOUNT_TOKEN]: "account-1" };
  const cart = await shopper.createACart({ client, headers, body: { data: { name: "Shopper" } } });
  assert.equal(cart.response.status, 201);
  const path = { cartID: cart.data.data.id };
  const body = naming(ADA);
  const associate = () => shopper.createAccountCartAssociation({ client, path, headers, body });
  assert.equal((await associate()).response.status, 204);
  const gone = await shopper.deleteAccountCartAssociation({ client, path, headers, body });
  assert.equal(gone.response.status, 204);
  assert.equal((await associate()).response.status, 200);

  const filter = `contains(account_ids,"${ADA}"):ilike(name,"*shopper*")`;
  const query = { "page[limit]": 2, filter };
  const listed = await shopper.getCarts({ client, headers, query });
  assert.deepEqual(listed.data.data.map((each) => each.id), [path.cartID]);
  const refused = await shopper.createAccountCartAssociation({ client, path, headers, body: naming(GRACE) });
  assert.equal(refused.response.status, 403);
  assert.equal(refused.error.errors[0].status, 403);
});

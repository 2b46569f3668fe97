/**
 * What the journey of journey.test.mjs leaves open, with the same clients, unmodified: sign-up,
 * several devices and accounts, filters and pages, renewed tokens, a browser's preflights, and
 * every error of an association as both clients hand it on.
 *
 * Takes the server's URL from MOCKSERVER_URL. Every test makes carts of its own and leaves those
 * of the fixtures as they are.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import { gateway, MemoryStorageFactory } from "@elasticpath/js-sdk";
import * as shopper from "@epcc-sdk/sdks-shopper";

const base = process.env.MOCKSERVER_URL?.replace(/\/$/, "");
if (!base) throw new Error("MOCKSERVER_URL has to name the running server");
const { host, protocol } = new URL(base);

const [ADA, GRACE, HEDY] = [1, 2, 3].map((n) => `a0000000-0000-4000-8000-00000000000${n}`);
const UNKNOWN_ACCOUNT = "a0000000-0000-4000-8000-00000000dead";
const PROFILE = "b0000000-0000-4000-8000-000000000001";
const ACCOUNT_TOKEN = "EP-Account-Management-Authentication-Token";
const BACKOFFICE = { client_id: "backoffice", client_secret: "backoffice-secret" };

/** What the JS SDK makes of an answer without a body. */
const NO_CONTENT = "{}";

/** The JS SDK's repetitions after 401 and 429, without its seconds of delay. */
const repeating = (times) => ({ fetchMaxAttempts: times, retryDelay: 1, retryJitter: 1 });

console.info = () => {}; // where the JS SDK logs every token that it gets

/** A JS SDK of its own, as on a device of its own; it tries once unless it is configured otherwise. */
const device = (options = {}) =>
  gateway({
    client_id: "storefront",
    host,
    protocol: protocol.replace(":", ""),
    storage: new MemoryStorageFactory(),
    ...repeating(1),
    ...options,
  });

const deviceOf = (token) => device({ headers: { [ACCOUNT_TOKEN]: token } });

/** A shopper SDK that gets its bearer tokens by itself, and the URLs that it calls. */
function shopperDevice(stored) {
  const urls = [];
  const { client } = shopper.createShopperClient(
    {
      baseUrl: base,
      fetch: (request) => {
        urls.push(new URL(request.url));
        return fetch(request);
      },
    },
    {
      clientId: "storefront",
      storage: {
        get: () => stored,
        set: (value) => {
          stored = value;
        },
      },
    },
  );
  return { client, urls };
}

/** Answers and notes down `POST /oauth/access_token 200` and so on. */
function notingFetch() {
  const seen = [];
  const custom_fetch = async (url, options) => {
    const response = await fetch(url, options);
    seen.push(`${options.method} ${new URL(url).pathname} ${response.status}`);
    return response;
  };
  return { seen, custom_fetch };
}

const unique = (name) => `${name}-${randomUUID()}`;
const naming = (...ids) => ids.map((id) => ({ type: "account", id }));
const associationsOf = (cart) => `carts/${cart}/relationships/accounts`;
const idsOf = (collection) => collection.data.map(({ id }) => id);

const byPassword = (name) => ({
  type: "account_management_authentication_token",
  authentication_mechanism: "password",
  password_profile_id: PROFILE,
  username: `${name}@example.com`,
  password: `${name}-password`,
});

const signIn = async (sdk, name) => sdk.AccountMembers.GenerateAccountToken(byPassword(name));

/** A new member, whose new account has no carts: `{account_id, token, …}`. */
async function signUp() {
  const email = `${unique("new")}@example.com`;
  const { data } = await device().AccountMembers.GenerateAccountToken({
    ...byPassword("new"),
    authentication_mechanism: "self_signup",
    username: email,
    email,
    name: "New Member",
  });
  assert.equal(data.length, 1);
  return data[0];
}

const newCart = async (sdk = device(), more = {}) => {
  const { data } = await sdk.Cart().CreateCart({ name: "Holidays", ...more });
  return data;
};

/** The first error with which the JS SDK rejects a call. */
const refusal = (call) =>
  call.then(
    (answer) => assert.fail(`answered ${JSON.stringify(answer)}`),
    (reason) => {
      assert.ok(Array.isArray(reason.errors), `rejected with ${JSON.stringify(reason)}`);
      assert.equal(reason.errors.length, 1);
      return reason.errors[0];
    },
  );

async function assertRefused(call, status, title) {
  const error = await refusal(call);
  assert.deepEqual({ status: error.status, title: error.title }, { status, title });
  return error;
}

test("JS SDK: three ways to list the carts of an account on another device", async (t) => {
  const { token } = (await signIn(device(), "ada")).data[0];
  const cart = await newCart();
  await device().Cart(cart.id).AddAccountAssociation(ADA, token);
  const ways = {
    "a header in the configuration": () => deviceOf(token).Cart().GetCartsList(),
    "a header of one request": () =>
      device().request.send("carts", "GET", undefined, undefined, null, true, null, {
        [ACCOUNT_TOKEN]: token,
      }),
    "the shopper SDK": async () => {
      const headers = { [ACCOUNT_TOKEN]: token };
      return (await shopper.getCarts({ client: shopperDevice().client, headers })).data;
    },
  };
  for (const [way, list] of Object.entries(ways)) {
    await t.test(`listed: ${way}`, async () => {
      const ids = idsOf(await list());
      assert.equal(ids[0], cart.id, "the cart updated last is listed first");
      assert.ok(ids.includes("ada-cart"));
      assert.ok(!ids.includes("grace-cart"));
    });
  }

  await t.test("not for another member's account", async () => {
    const hedy = (await signIn(device(), "hedy")).data[0];
    assert.ok(!idsOf(await deviceOf(hedy.token).Cart().GetCartsList()).includes(cart.id));
  });

  for (let times = 0; times < 2; times += 1) {
    const answer = await device().Cart(cart.id).RemoveAccountAssociation(ADA, token);
    assert.equal(answer, NO_CONTENT);
  }
  for (const [way, list] of Object.entries(ways)) {
    await t.test(`gone: ${way}`, async () => {
      const ids = idsOf(await list());
      assert.ok(!ids.includes(cart.id));
      assert.ok(ids.includes("ada-cart"));
    });
  }
  assert.deepEqual((await device().Cart(cart.id).Get()).data.relationships.accounts, {});
});

test("JS SDK: the cart that it names by itself is made when it is read", async () => {
  const { account_id, token } = await signUp();
  const sdk = device();
  const { data } = await sdk.Cart().Get();
  assert.equal(data.id, sdk.cartId);
  assert.equal(data.name, "Cart");
  assert.deepEqual(await sdk.Cart().AddAccountAssociation(account_id, token), {
    data: naming(account_id),
  });
  assert.deepEqual(idsOf(await deviceOf(token).Cart().GetCartsList()), [sdk.cartId]);
});

test("JS SDK: a cart created with the account token is associated at once", async () => {
  const { account_id, token } = await signUp();
  const sdk = deviceOf(token);
  const cart = await newCart(sdk);
  assert.deepEqual(cart.relationships.accounts, { data: naming(account_id) });
  // the token comes from the configuration: given here too, it would be sent twice
  assert.equal(await sdk.Cart(cart.id).AddAccountAssociation(account_id), NO_CONTENT);
  const renamed = await sdk.Cart(cart.id).UpdateCart({ name: "Renamed" });
  assert.equal(renamed.data.name, "Renamed");
  assert.deepEqual(renamed.data.relationships.accounts, { data: naming(account_id) });
});

test("JS SDK: a member of two accounts switches between their carts", async () => {
  const login = await signIn(device(), "grace");
  assert.deepEqual(login.data.map((each) => each.account_id).sort(), [GRACE, HEDY]);
  const cart = await newCart();
  const [graces, hedys] = [GRACE, HEDY].map(
    (id) => login.data.find((each) => each.account_id === id).token,
  );
  await device().Cart(cart.id).AddAccountAssociation(GRACE, graces);
  assert.ok(idsOf(await deviceOf(graces).Cart().GetCartsList()).includes(cart.id));
  assert.ok(!idsOf(await deviceOf(hedys).Cart().GetCartsList()).includes(cart.id));
  const listedAgain = await deviceOf(graces).AccountMembers.GenerateAccountToken({
    type: "account_management_authentication_token",
    authentication_mechanism: "account_management_authentication_token",
  });
  assert.deepEqual(listedAgain.data.map((each) => each.account_id).sort(), [GRACE, HEDY]);
  await device().Cart(cart.id).RemoveAccountAssociation(GRACE, graces);
});

test("JS SDK: what storefronts read before a login", async () => {
  const { data } = await device().AccountAuthenticationSettings.Get();
  assert.equal(data.type, "account_authentication_settings");
  assert.equal(typeof data.enable_self_signup, "boolean");
});

test("JS SDK: as the administrator, with client credentials", async (t) => {
  const backoffice = device(BACKOFFICE);

  await t.test("all accounts, and each of them", async () => {
    const ids = idsOf(await backoffice.Accounts.Limit(100).All());
    for (const id of [ADA, GRACE, HEDY]) {
      assert.ok(ids.includes(id));
      assert.equal((await backoffice.Accounts.Get(id)).data.id, id);
    }
  });

  await t.test("an account's last cart is deleted once it is disassociated", async () => {
    const { account_id, token } = await signUp();
    const cart = backoffice.Cart((await newCart(deviceOf(token))).id);
    await assertRefused(cart.Delete(), 400, "Last cart");
    await cart.RemoveAccountAssociation(account_id);
    assert.equal(await cart.Delete(), NO_CONTENT);
  });

  await t.test("a taken id", async () => {
    await assertRefused(newCart(backoffice, { id: "free-cart" }), 409, "Conflict");
  });

  await t.test("with an account token it acts as that account", async () => {
    const { account_id, token } = await signUp();
    const acting = device({ ...BACKOFFICE, headers: { [ACCOUNT_TOKEN]: token } });
    assert.deepEqual(idsOf(await acting.Cart().GetCartsList()), []);
    const { id } = await newCart();
    const answer = await backoffice.Cart(id).AddAccountAssociation(account_id, token);
    assert.deepEqual(answer, { data: naming(account_id) });
    assert.deepEqual(idsOf(await acting.Cart().GetCartsList()), [id]);
    await assertRefused(
      acting.Cart((await newCart()).id).AddAccountAssociation(ADA),
      403,
      "Account does not have the required permissions to fulfill this request",
    );
  });
});

test("JS SDK: the errors of associations", async (t) => {
  const adas = (await signIn(device(), "ada")).data[0].token;
  const free = (await newCart()).id;
  const [guest, ada, admin] = [device(), deviceOf(adas), device(BACKOFFICE)];
  const NOT_ACCOUNT = [400, "The type does not exist or is not listed as account"];
  const INVALID_JSON = [403, "Invalid json payload"];
  const MORE_THAN_ONE = [403, "Cannot associate more than one account"];
  const NO_PERMISSION = [
    403,
    "Account does not have the required permissions to fulfill this request",
  ];
  const NOT_FOUND = [404, "Not Found"];

  for (const method of ["POST", "DELETE"]) {
    const call = (sdk, body, cart = free) => sdk.request.send(associationsOf(cart), method, body);
    const bare = (body) => ada.request.send(associationsOf(free), method, body, null, null, false);
    const cases = {
      "another type": [() => call(ada, [{ type: "customer", id: ADA }]), NOT_ACCOUNT],
      "no type": [() => call(ada, [{ id: ADA }]), NOT_ACCOUNT],
      "an empty array": [() => call(ada, []), NOT_ACCOUNT],
      "no id": [() => call(ada, [{ type: "account" }]), [400, "required"]],
      "data is an object": [() => call(ada, naming(ADA)[0]), INVALID_JSON],
      "an object without data": [() => bare(naming(ADA)[0]), INVALID_JSON],
      "no body": [() => call(ada, undefined), INVALID_JSON],
      "two accounts": [() => call(ada, naming(ADA, GRACE)), MORE_THAN_ONE],
      "two accounts, as the administrator": [() => call(admin, naming(ADA, GRACE)), MORE_THAN_ONE],
      "no account token": [() => call(guest, naming(ADA)), NO_PERMISSION],
      "another account": [() => call(ada, naming(GRACE)), NO_PERMISSION],
      "another account's cart": [() => call(ada, naming(ADA), "grace-cart"), NO_PERMISSION],
      "an unknown cart": [() => call(ada, naming(ADA), "no-such-cart"), NOT_FOUND],
      "an unknown account": [() => call(admin, naming(UNKNOWN_ACCOUNT)), NOT_FOUND],
    };
    for (const [name, [send, expected]] of Object.entries(cases)) {
      await t.test(`${method}: ${name}`, () => assertRefused(send(), ...expected));
    }
  }

  const byName = {
    AddAccountAssociation: (cart, account, token) =>
      guest.Cart(cart).AddAccountAssociation(account, token),
    RemoveAccountAssociation: (cart, account, token) =>
      guest.Cart(cart).RemoveAccountAssociation(account, token),
  };
  for (const [name, call] of Object.entries(byName)) {
    await t.test(name, async () => {
      await assertRefused(call(free, ADA), ...NO_PERMISSION);
      await assertRefused(call(free, GRACE, adas), ...NO_PERMISSION);
      const error = await assertRefused(call("no-such-cart", ADA, adas), ...NOT_FOUND);
      assert.equal(error.detail, "Cart not found");
    });
  }

  await t.test("a cart with a contact e-mail", async () => {
    const CONTACT_EMAIL = [422, "Cannot associate accounts to carts with contact emails"];
    const { id } = await newCart(guest, { contact: { email: "guest@example.com" } });
    for (const cart of ["contact-cart", id]) {
      const asShopper = guest.Cart(cart).AddAccountAssociation(ADA, adas);
      await assertRefused(asShopper, ...CONTACT_EMAIL);
      await assertRefused(admin.Cart(cart).AddAccountAssociation(ADA), ...CONTACT_EMAIL);
    }
  });

  await t.test("nothing was associated by all this", async () => {
    const { data } = await guest.Cart(free).Get();
    assert.deepEqual(data.relationships.accounts, {});
  });
});

test("JS SDK: errors that have no cause, by magic cart ids", async (t) => {
  const onDemand = {
    "always-write-conflict": [409, "Conflict", "Write conflict detected"],
    "always-too-many-requests": [429, "Too Many Requests"],
    "always-internal-server-error": [500, "Internal Server Error"],
    "always-service-unavailable": [503, "Service Unavailable"],
  };
  for (const [id, [status, title, detail]] of Object.entries(onDemand)) {
    await t.test(id, async () => {
      const cart = device().Cart(id);
      for (const call of ["AddAccountAssociation", "RemoveAccountAssociation", "Get", "Delete"]) {
        if (id === "always-write-conflict" && call === "Get") continue; // nothing is written
        const error = await assertRefused(cart[call](ADA, "account-1"), status, title);
        if (detail) assert.equal(error.detail, detail);
        if (status === 500) assert.equal(typeof error.request_id, "string");
      }
    });
  }

  await t.test("or by a header in the configuration", async () => {
    const asking = device({ headers: { Prefer: "code=503" } });
    await assertRefused(asking.Cart("free-cart").Get(), 503, "Service Unavailable");
  });

  await t.test("429 is repeated as often as the SDK is configured to", async () => {
    const { seen, custom_fetch } = notingFetch();
    const patient = device({ custom_fetch, ...repeating(3) });
    const call = patient.Cart("always-too-many-requests").Get();
    await assertRefused(call, 429, "Too Many Requests");
    assert.deepEqual(seen, [
      "POST /oauth/access_token 200",
      ...Array(3).fill("GET /v2/carts/always-too-many-requests 429"),
    ]);
  });
});

test("JS SDK: 401", async (t) => {
  const NOT_VALID = [401, "Unable to validate access token"];
  const stored = () => {
    const storage = new MemoryStorageFactory();
    const expires = Math.floor(Date.now() / 1000) + 3600;
    const credentials = { client_id: "storefront", access_token: "of-another-day", expires };
    storage.set("epCredentials", JSON.stringify(credentials));
    return storage;
  };

  await t.test("a bearer token that the server does not know", async () => {
    await assertRefused(device({ storage: stored() }).Cart("free-cart").Get(), ...NOT_VALID);
    const call = device({ storage: stored() }).Cart("free-cart").AddAccountAssociation(ADA);
    await assertRefused(call, ...NOT_VALID);
  });

  await t.test("the SDK then gets another one, and repeats the call", async () => {
    const { seen, custom_fetch } = notingFetch();
    const sdk = device({ storage: stored(), custom_fetch, ...repeating(2) });
    assert.equal((await sdk.Cart("free-cart").Get()).data.id, "free-cart");
    assert.deepEqual(seen, [
      "GET /v2/carts/free-cart 401",
      "POST /oauth/access_token 200",
      "GET /v2/carts/free-cart 200",
    ]);
  });

  await t.test("an account token that the server does not know", async () => {
    const call = device().Cart("free-cart").AddAccountAssociation(ADA, "no-such-token");
    await assertRefused(call, ...NOT_VALID);
  });

  await t.test("by a magic cart id", async () => {
    const cart = device().Cart("always-unable-to-validate-access-token");
    await assertRefused(cart.AddAccountAssociation(ADA, "account-1"), ...NOT_VALID);
  });

  await t.test("an unknown application, a wrong secret, a wrong password", async () => {
    const UNAUTHORIZED = ["401", "Unauthorized"];
    await assertRefused(device({ client_id: "nobody" }).Authenticate(), ...UNAUTHORIZED);
    await assertRefused(device({ client_id: "nobody" }).Cart("free-cart").Get(), ...UNAUTHORIZED);
    const wrong = device({ ...BACKOFFICE, client_secret: "wrong" });
    await assertRefused(wrong.Authenticate(), ...UNAUTHORIZED);
    const login = { ...byPassword("ada"), password: "wrong" };
    await assertRefused(device().AccountMembers.GenerateAccountToken(login), ...UNAUTHORIZED);
  });

  await t.test("403 is for those who are known, but may not", async () => {
    await assertRefused(device().Cart().GetCartsList(), 403, "Forbidden");
    await assertRefused(device().Accounts.All(), "403", "Forbidden");
  });
});

test("a storefront that calls the API by itself", async (t) => {
  const { access_token } = await device().Authenticate();
  const { account_id, token } = await signUp();

  /** As a page of another origin calls: a preflight first, which has to allow the call. */
  const call = async (method, path, { body, asGuest = false } = {}) => {
    const headers = {
      authorization: `Bearer ${access_token}`,
      "content-type": "application/json",
      ...(asGuest ? {} : { [ACCOUNT_TOKEN.toLowerCase()]: token }),
    };
    const permission = await fetch(base + path, {
      method: "OPTIONS",
      headers: {
        Origin: "http://localhost:3000",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": Object.keys(headers).sort().join(","),
      },
    });
    assert.ok(permission.ok);
    assert.equal(permission.headers.get("Access-Control-Allow-Origin"), "http://localhost:3000");
    const allowed = (name) =>
      permission.headers.get(`Access-Control-Allow-${name}`).toLowerCase().split(/, */);
    assert.ok(allowed("Methods").includes(method.toLowerCase()));
    for (const name of Object.keys(headers)) assert.ok(allowed("Headers").includes(name));
    const response = await fetch(base + path, {
      method,
      headers: { ...headers, Origin: "http://localhost:3000" },
      body: body && JSON.stringify(body),
      redirect: "manual", // a doubled slash is served, not sent elsewhere
    });
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), "http://localhost:3000");
    assert.ok(response.headers.get("X-Moltin-Request-Id"));
    const text = await response.text();
    return { status: response.status, text, ...(text && JSON.parse(text)) };
  };
  const accountsOf = (cart) => `/v2/${associationsOf(cart)}`;

  await t.test("the account has no carts yet", async () => {
    const { status, data } = await call("GET", "/v2/carts");
    assert.equal(status, 200);
    assert.deepEqual(data, []);
  });

  await t.test("it posts a cart without an envelope, then a bare array", async () => {
    const created = await call("POST", "/v2/carts", { body: { name: "Cart" } });
    assert.equal(created.status, 201);
    assert.equal(created.data.name, "Cart");
    const { status, text } = await call("POST", accountsOf(created.data.id), {
      body: naming(account_id),
    });
    assert.deepEqual({ status, text }, { status: 204, text: "" });
    assert.deepEqual(idsOf(await call("GET", "/v2/carts")), [created.data.id]);
  });

  await t.test("it associates the guest cart at every login", async () => {
    const guest = await call("POST", "/v2/carts", { body: { name: "Cart" }, asGuest: true });
    assert.deepEqual(guest.data.relationships.accounts, {});
    const path = accountsOf(guest.data.id);
    const login = () => call("POST", path, { body: naming(account_id) });
    const first = await login();
    assert.deepEqual([first.status, first.data], [200, naming(account_id)]);
    assert.equal((await login()).status, 204);
    assert.equal((await call("DELETE", path, { body: naming(account_id) })).status, 204);
    assert.ok(!idsOf(await call("GET", "/v2/carts")).includes(guest.data.id));
  });

  await t.test("it includes the items, of which there are none", async () => {
    const { status, data } = await call("GET", "/v2/carts/free-cart?include=items");
    assert.equal(status, 200);
    assert.equal(data.id, "free-cart");
  });

  await t.test("it doubles a slash: /v2//carts", async () => {
    const sdk = deviceOf(token);
    const created = await sdk.request.send("/carts", "POST", { name: "Doubled" });
    const listed = await sdk.request.send("/carts", "GET");
    assert.ok(idsOf(listed).includes(created.data.id));
    const path = `/${associationsOf(created.data.id)}`;
    assert.equal(await sdk.request.send(path, "POST", naming(account_id)), NO_CONTENT);
    assert.equal((await call("GET", "/v2//carts")).status, 200);
  });
});

test("shopper SDK: the journey", async (t) => {
  const { client, urls } = shopperDevice();
  let cart;
  let account;
  let headers;

  await t.test("create a cart as a guest", async () => {
    const { data, response } = await shopper.createACart({
      client,
      body: { data: { name: "Holidays" } },
    });
    assert.equal(response.status, 201);
    cart = data.data;
    assert.equal(cart.name, "Holidays");
  });

  await t.test("sign the member in", async () => {
    const { data, response } = await shopper.postV2AccountMembersTokens({
      client,
      body: { data: byPassword("ada") },
    });
    assert.equal(response.status, 201);
    account = data.data[0];
    assert.equal(account.account_id, ADA);
    headers = { [ACCOUNT_TOKEN]: account.token };
  });

  const association = () => ({
    client,
    headers,
    path: { cartID: cart.id },
    body: { data: naming(ADA) },
  });

  await t.test("associate: 200, then 204", async () => {
    const first = await shopper.createAccountCartAssociation(association());
    assert.equal(first.response.status, 200);
    assert.deepEqual(first.data, { data: naming(ADA) });
    const again = await shopper.createAccountCartAssociation(association());
    assert.equal(again.response.status, 204);
    assert.equal(again.error, undefined);
  });

  const listed = async () => {
    const filter = `contains(account_ids,"${ADA}")`;
    const query = { filter, "page[limit]": 1, "page[offset]": 0 };
    const { data } = await shopper.getCarts({ client: shopperDevice().client, headers, query });
    assert.equal(data.data.length, 1);
    return data.data[0].id;
  };

  await t.test("another device lists it", async () => {
    assert.equal(await listed(), cart.id);
  });

  await t.test("disassociate: 204, and gone from the list", async () => {
    const { response, error } = await shopper.deleteAccountCartAssociation(association());
    assert.equal(response.status, 204);
    assert.equal(error, undefined);
    assert.notEqual(await listed(), cart.id);
    const { data } = await shopper.getACart({ client, path: { cartID: cart.id } });
    assert.deepEqual(data.data.relationships.accounts, {});
  });

  await t.test("one bearer token served it all", () => {
    const tokens = urls.filter(({ pathname }) => pathname === "/oauth/access_token");
    assert.equal(tokens.length, 1);
  });
});

test("shopper SDK: filters and pages", async (t) => {
  const { token } = await signUp();
  const sdk = deviceOf(token);
  const name = unique("Paged");
  const ids = [];
  for (const n of [1, 2, 3]) ids.push((await newCart(sdk, { name: `${name} ${n}` })).id);
  const { client, urls } = shopperDevice();
  const list = (query) => shopper.getCarts({ client, headers: { [ACCOUNT_TOKEN]: token }, query });

  await t.test("pages", async () => {
    const first = (await list({ "page[limit]": 2 })).data;
    assert.equal(first.data.length, 2);
    assert.equal(first.meta.results.total, 3);
    assert.deepEqual(first.meta.page, { current: 1, limit: 2, offset: 0, total: 2 });
    assert.match(urls.at(-1).search, /page\[limit\]=2/);
    const second = (await list({ "page[limit]": 2, "page[offset]": 2 })).data;
    assert.equal(second.data.length, 1);
    assert.equal(second.meta.page.current, 2);
    assert.deepEqual([...idsOf(first), ...idsOf(second)].sort(), ids.sort());
  });

  await t.test("filters", async () => {
    const byName = (await list({ filter: `ilike(name,"*${name.toLowerCase()} 2")` })).data;
    assert.deepEqual(
      byName.data.map((each) => each.name),
      [`${name} 2`],
    );
    const byOthers = (await list({ filter: `contains(account_ids,"${GRACE}")` })).data;
    assert.deepEqual(byOthers.data, []);
  });

  await t.test("neither", async () => {
    const { response, error } = await list({ "page[limit]": 101 });
    assert.equal(response.status, 400);
    assert.equal(error.errors[0].source, "page[limit]");
    const refused = await list({ filter: "anything" });
    assert.equal(refused.response.status, 400);
    assert.equal(refused.error.errors[0].status, 400);
  });
});

test("shopper SDK: access tokens", async (t) => {
  const client = shopper.createClient({
    baseUrl: base,
    headers: { Authorization: "Bearer of-another-day" },
  });

  await t.test("implicit, whatever Authorization it sends along", async () => {
    const { data, response } = await shopper.createAnAccessToken({
      client,
      body: { grant_type: "implicit", client_id: "storefront" },
    });
    assert.equal(response.status, 200);
    assert.equal(data.identifier, "implicit");
    assert.equal(data.expires_in, 3600);
  });

  await t.test("client credentials, and what the token is good for", async () => {
    const { data } = await shopper.createAnAccessToken({
      client,
      body: { grant_type: "client_credentials", ...BACKOFFICE },
    });
    assert.equal(data.identifier, "client_credentials");
    const { data: carts } = await shopper.getCarts({
      client,
      headers: { Authorization: `Bearer ${data.access_token}` },
      query: { filter: `contains(account_ids,"${GRACE}")` },
    });
    assert.ok(idsOf(carts).includes("grace-cart"));
    assert.ok(!idsOf(carts).includes("ada-cart"));
  });

  await t.test("refused", async () => {
    const { error, response } = await shopper.createAnAccessToken({
      client,
      body: { grant_type: "client_credentials", client_id: "backoffice", client_secret: "wrong" },
    });
    assert.equal(response.status, 401);
    assert.deepEqual(error, { errors: [{ status: "401", title: "Unauthorized" }] });
  });

  await t.test("a stored token that the server does not know is renewed", async () => {
    const expires = Math.floor(Date.now() / 1000) + 3600;
    const { client: stale, urls } = shopperDevice(
      JSON.stringify({ access_token: "of-another-day", expires }),
    );
    const { data } = await shopper.getACart({ client: stale, path: { cartID: "free-cart" } });
    assert.equal(data.data.id, "free-cart");
    assert.deepEqual(
      urls.map(({ pathname }) => pathname),
      ["/v2/carts/free-cart", "/oauth/access_token", "/v2/carts/free-cart"],
    );
  });
});

test("shopper SDK: the errors of associations", async (t) => {
  const { client } = shopperDevice();
  const headers = { [ACCOUNT_TOKEN]: "account-1" };
  const free = (await newCart()).id;
  const calls = {
    createAccountCartAssociation: shopper.createAccountCartAssociation,
    deleteAccountCartAssociation: shopper.deleteAccountCartAssociation,
  };
  const own = naming(ADA);
  const cases = {
    "another type": [[{ type: "customer", id: ADA }], free, 400],
    "two accounts": [naming(ADA, GRACE), free, 403, "Cannot associate more than one account"],
    "data is an object": [own[0], free, 403, "Invalid json payload"],
    "another account": [naming(GRACE), free, 403],
    "an unknown cart": [own, "no-such-cart", 404, "Not Found"],
    conflict: [own, "always-write-conflict", 409, "Conflict"],
    "too many requests": [own, "always-too-many-requests", 429, "Too Many Requests"],
    "internal error": [own, "always-internal-server-error", 500, "Internal Server Error"],
    unavailable: [own, "always-service-unavailable", 503, "Service Unavailable"],
  };
  for (const [operation, call] of Object.entries(calls)) {
    for (const [name, [data, cartID, status, title]] of Object.entries(cases)) {
      await t.test(`${operation}: ${name}`, async () => {
        const result = await call({ client, headers, path: { cartID }, body: { data } });
        assert.equal(result.response.status, status);
        assert.equal(result.data, undefined);
        assert.equal(result.error.errors[0].status, status);
        if (title) assert.equal(result.error.errors[0].title, title);
      });
    }
  }

  await t.test("a cart with a contact e-mail", async () => {
    const { response, error } = await shopper.createAccountCartAssociation({
      client,
      headers,
      path: { cartID: "contact-cart" },
      body: { data: own },
    });
    assert.equal(response.status, 422);
    assert.equal(error.errors[0].title, "Cannot associate accounts to carts with contact emails");
  });
});

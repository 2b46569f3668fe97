// A whole journey with the official clients, unmodified, against the server at MOCKSERVER_URL: a guest
// fills a cart, signs up, takes the cart along, shops on another device, switches accounts, checks out.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { gateway, MemoryStorageFactory } from "@elasticpath/js-sdk";
import * as shopper from "@epcc-sdk/sdks-shopper";

const BASE = new URL(process.env.MOCKSERVER_URL);
const ACCOUNT_TOKEN = "EP-Account-Management-Authentication-Token";
const GRACE = "a0000000-0000-4000-8000-000000000002";
const PROFILE = "b0000000-0000-4000-8000-000000000001";
const [MUG, NOTEBOOK, , LAMP, GLOBE, UMBRELLA] = [1, 2, 3, 4, 5, 6].map(
  (n) => `e0000000-0000-4000-8000-00000000000${n}`,
);
const ADDRESS = {
  first_name: "Emmy",
  last_name: "Noether",
  line_1: "1 Ring Road",
  city: "Erlangen",
  region: "Bavaria",
  postcode: "91054",
  country: "DE",
};
const PURCHASE = { gateway: "manual", method: "purchase" };
const TOKEN_TYPE = "account_management_authentication_token";

console.info = () => {}; // where the JS SDK logs every token that it gets

const device = (options = {}) =>
  gateway({
    client_id: "storefront",
    host: BASE.host,
    protocol: BASE.protocol.slice(0, -1),
    storage: new MemoryStorageFactory(),
    fetchMaxAttempts: 1,
    ...options,
  });
const deviceOf = (token) => device({ headers: { [ACCOUNT_TOKEN]: token } });
const backOffice = () => device({ client_id: "backoffice", client_secret: "backoffice-secret" });
const quantities = (items) =>
  Object.fromEntries(items.map((item) => [item.sku, item.quantity]).sort());

async function rejected(promise) {
  try {
    await promise;
  } catch (body) {
    return body.errors[0];
  }
  throw new assert.AssertionError({ message: "the call was not refused" });
}

/** The back office lets a member into Grace's account, too. */
const letIntoGraces = (memberId) =>
  backOffice().AccountMemberships.Create(GRACE, {
    type: "account_membership",
    account_member_id: memberId,
  });

const newcomer = () => {
  const email = `emmy-${randomUUID()}@example.com`;
  return { name: "Emmy Noether", username: email, email, password: "invariant" };
};

test("the JS SDK shops from a guest's cart to an order in the list", async () => {
  const guest = device();
  const guestCart = guest.Cart(randomUUID().replaceAll("-", ""));
  await guestCart.AddProduct(MUG, 2);
  const filled = await guestCart.AddProduct("notebook", 1, {}, true);
  assert.deepEqual(quantities(filled.data), { mug: 2, notebook: 1 });
  assert.equal(filled.meta.display_price.with_tax.formatted, "$39.99");

  const person = newcomer();
  const login = await guest.AccountMembers.GenerateAccountToken({
    type: TOKEN_TYPE,
    authentication_mechanism: "self_signup",
    password_profile_id: PROFILE,
    ...person,
  });
  const { token, account_id: account } = login.data[0];

  const signedIn = deviceOf(token);
  assert.deepEqual((await signedIn.Cart().GetCartsList()).data, []);
  const cart = (await signedIn.Cart().CreateCart({ name: "Cart" })).data;
  assert.deepEqual(cart.relationships.accounts.data, [{ type: "account", id: account }]);
  await signedIn.Cart(cart.id).AddAccountAssociation(account);
  await signedIn.Cart(cart.id).AddProduct(MUG, 1);
  const merged = await signedIn.Cart(cart.id).Merge(guestCart.cartId);
  assert.deepEqual(quantities(merged.data), { mug: 3, notebook: 1 });
  assert.deepEqual(quantities((await guestCart.Items()).data), { mug: 2, notebook: 1 });

  const second = deviceOf(token);
  const [there] = (await second.Cart().GetCartsList()).data;
  assert.equal(there.id, cart.id);
  const shown = await second.Cart(cart.id).With("items").Get();
  const mug = shown.included.items.find((item) => item.sku === "mug");
  const updated = await second.Cart(cart.id).UpdateItem(mug.id, 1);
  assert.deepEqual(quantities(updated.data), { mug: 1, notebook: 1 });
  await second.Cart(cart.id).AddPromotion("TEN-PERCENT");
  const priced = (await second.Cart(cart.id).Get()).data.meta.display_price;
  assert.equal(priced.without_discount.amount, 2499);
  assert.equal(priced.with_tax.amount, 2249);
  assert.equal(priced.discount.amount, -250);

  await letIntoGraces(login.meta.account_member_id);
  const switching = await second.AccountMembers.GenerateAccountToken({
    type: TOKEN_TYPE,
    authentication_mechanism: TOKEN_TYPE,
  });
  assert.deepEqual(
    switching.data.map((each) => each.account_id).sort(),
    [account, GRACE].sort(),
  );
  const other = deviceOf(switching.data.find((each) => each.account_id === GRACE).token);
  const graces = (await other.Cart().GetCartsList()).data.map((each) => each.id);
  assert.ok(graces.includes("grace-cart"));
  assert.ok(!graces.includes(cart.id));

  const contact = { name: person.name, email: person.email };
  const order = (
    await second.Cart(cart.id).CheckoutWithAccountManagementToken(contact, ADDRESS, ADDRESS, token)
  ).data;
  assert.deepEqual([order.status, order.payment], ["incomplete", "unpaid"]);
  assert.equal(order.meta.display_price.with_tax.amount, 2249);
  await second.Orders.Payment(order.id, PURCHASE);
  const listed = await second.Orders.With("items").All();
  assert.deepEqual(
    listed.data.map((each) => [each.id, each.status, each.payment]),
    [[order.id, "complete", "paid"]],
  );
  assert.deepEqual(quantities(listed.included.items.filter((item) => item.sku in { mug: 1, notebook: 1 })), {
    mug: 1,
    notebook: 1,
  });
  assert.deepEqual((await other.Orders.All()).data.filter((each) => each.id === order.id), []);

  await second.Cart(cart.id).RemoveAllItems();
  assert.equal((await second.Cart(cart.id).Get()).data.relationships.items.data, null);
  const afterwards = device(); // signed out: a new guest sees neither the list nor the order
  assert.equal((await rejected(afterwards.Cart().GetCartsList())).status, 403);
  assert.equal((await rejected(afterwards.Orders.All())).status, 403);
});

test("the shopper SDK shops from a guest's cart to an order in the list", async () => {
  const client = shopper.createClient({ baseUrl: BASE.origin, throwOnError: true });
  const { data: issued } = await shopper.createAnAccessToken({
    client,
    body: { grant_type: "implicit", client_id: "storefront" },
  });
  const guest = { Authorization: `Bearer ${issued.access_token}` };
  const call = (operation, headers, more = {}) => operation({ client, headers, ...more });

  const guestCart = { cartID: randomUUID() };
  const product = (id, quantity) => ({ data: { type: "cart_item", id, quantity } });
  await call(shopper.manageCarts, guest, { path: guestCart, body: product(MUG, 1) });
  await call(shopper.manageCarts, guest, { path: guestCart, body: product(NOTEBOOK, 2) });

  const person = newcomer();
  const { data: login } = await call(shopper.postV2AccountMembersTokens, guest, {
    body: {
      data: {
        type: TOKEN_TYPE,
        authentication_mechanism: "self_signup",
        password_profile_id: PROFILE,
        ...person,
      },
    },
  });
  const { token, account_id: account } = login.data[0];
  const member = { ...guest, [ACCOUNT_TOKEN]: token };

  const naming = { data: [{ type: "account", id: account }] };
  const associated = await call(shopper.createAccountCartAssociation, member, {
    path: guestCart,
    body: naming,
  });
  assert.deepEqual(associated.data, naming);
  const own = (await call(shopper.createACart, member, { body: { data: { name: "Cart" } } })).data;
  const path = { cartID: own.data.id };
  const merged = await call(shopper.manageCarts, member, {
    path,
    body: { data: [{ type: "cart_items", cart_id: guestCart.cartID }], options: {} },
  });
  assert.equal(merged.response.status, 201);

  const { data: items } = await call(shopper.getCartItems, member, { path });
  const mug = items.data.find((item) => item.sku === "mug");
  const changed = await call(shopper.updateACartItem, member, {
    path: { ...path, cartitemID: mug.id },
    body: { data: { id: mug.id, type: "cart_item", quantity: 3 } },
  });
  assert.deepEqual(quantities(changed.data.data), { mug: 3, notebook: 2 });

  await letIntoGraces(login.meta.account_member_id);
  const { data: switching } = await call(shopper.postV2AccountMembersTokens, member, {
    body: { data: { type: TOKEN_TYPE, authentication_mechanism: TOKEN_TYPE } },
  });
  const graces = switching.data.find((each) => each.account_id === GRACE).token;
  const asGrace = { ...guest, [ACCOUNT_TOKEN]: graces };
  const { data: theirs } = await call(shopper.getCarts, asGrace);
  assert.ok(!theirs.data.some((each) => each.id === own.data.id));

  const { data: order } = await call(shopper.checkoutApi, member, {
    path,
    body: {
      data: {
        account: { id: account, member_id: login.meta.account_member_id },
        contact: { name: person.name, email: person.email },
        billing_address: ADDRESS,
        shipping_address: ADDRESS,
      },
    },
  });
  assert.equal(order.data.status, "incomplete");
  await call(shopper.paymentSetup, member, {
    path: { orderID: order.data.id },
    body: { data: PURCHASE },
  });
  const { data: orders } = await call(shopper.getCustomerOrders, member);
  assert.deepEqual(
    orders.data.map((each) => [each.id, each.payment]),
    [[order.data.id, "paid"]],
  );
  const { data: one } = await call(shopper.getAnOrder, member, {
    path: { orderID: order.data.id },
    query: { include: "items" },
  });
  assert.deepEqual(quantities(one.included.items), { mug: 3, notebook: 2 });
});

test("a customer's cart is there on every device, too", async () => {
  const phone = device();
  const cart = (await phone.Cart().CreateCart({ name: "Alan's" })).data;
  const login = (await phone.Customers.Token("alan@example.com", "alan-password")).data;
  const made = await phone.Cart(cart.id).AddCustomerAssociation(login.customer_id, login.token);
  assert.deepEqual(made, { data: [{ type: "customer", id: login.customer_id }] });
  const listed = (await device().Cart().GetCartsList(login.token)).data;
  assert.ok(listed.some((each) => each.id === cart.id));
});

test("what a storefront asks at boot is there", async () => {
  const sdk = device();
  const currencies = (await sdk.Currencies.All()).data;
  assert.equal(currencies.filter((each) => each.default).length, 1);
  const products = (await sdk.ShopperCatalog.Products.All()).data;
  assert.ok(products.some((each) => each.id === MUG));
  assert.equal((await sdk.ShopperCatalog.Products.Get({ productId: MUG })).data.attributes.sku, "mug");
  assert.ok(Array.isArray((await sdk.ShopperCatalog.Hierarchies.All()).data));
});

const REFUSED = {
  "400 too little stock": {
    call: (sdk, cart) => sdk.Cart(cart).AddProduct(LAMP, 6),
    error: { status: 400, title: "Insufficient stock" },
  },
  "400 nothing in stock": {
    call: (sdk, cart) => sdk.Cart(cart).AddProduct(GLOBE, 1),
    error: { status: 400, title: "Insufficient stock" },
  },
  "400 no price in the cart's currency": {
    call: (sdk, cart) => sdk.Cart(cart).AddProduct(UMBRELLA, 1),
    error: { status: 400 },
  },
  "400 a negative amount": {
    call: (sdk, cart) =>
      sdk.Cart(cart).AddCustomItem({
        name: "Shipping",
        sku: "shipping",
        quantity: 1,
        price: { amount: -1, includes_tax: true },
      }),
    error: { status: 400, title: "number_gte" },
  },
  "400 too many items": {
    call: async (sdk, cart) => {
      const item = (n) => ({
        type: "custom_item",
        name: `Item ${n}`,
        sku: `item-${n}`,
        quantity: 1,
        price: { amount: 1 },
      });
      await sdk.Cart(cart).BulkAdd(Array.from({ length: 100 }, (_, n) => item(n)));
      return sdk.Cart(cart).AddProduct(MUG, 1);
    },
    error: { status: 400 },
  },
  "404 unknown product": {
    call: (sdk, cart) => sdk.Cart(cart).AddProduct(randomUUID(), 1),
    error: { status: 404, title: "Product not found" },
  },
  "404 unknown SKU": {
    call: (sdk, cart) => sdk.Cart(cart).AddProduct("no-such-sku", 1, {}, true),
    error: { status: 404, title: "Product not found" },
  },
  "404 unknown item": {
    call: async (sdk, cart) => {
      await sdk.Cart(cart).AddProduct(MUG, 1);
      return sdk.Cart(cart).UpdateItem(randomUUID(), 1);
    },
    error: { status: 404, title: "Not Found", detail: "The Item doesn't exist in the cart" },
  },
  "404 unknown promotion": {
    call: (sdk, cart) => sdk.Cart(cart).AddPromotion("NO-SUCH-CODE"),
    error: { status: 404, title: "Not Found", detail: "No promotion could be found with the given code." },
  },
  "422 promotion beside custom discounts": {
    call: async (sdk) => {
      const made = await sdk.Cart().CreateCart({
        name: "Discounts",
        discount_settings: { custom_discounts_enabled: true },
      });
      return sdk.Cart(made.data.id).AddPromotion("TEN-PERCENT");
    },
    error: { status: 422, title: "Could not apply EP promotion with the given code" },
  },
};

for (const [name, { call, error }] of Object.entries(REFUSED)) {
  test(`the JS SDK hands on: ${name}`, async () => {
    const got = await rejected(call(device(), randomUUID()));
    assert.deepEqual({ ...got, ...error }, got);
  });
}

test("a bulk of products is added in part, and the rest is reported", async () => {
  const answer = await device()
    .Cart(randomUUID())
    .AddProducts([{ id: MUG }, { id: GLOBE }, { sku: "notebook", quantity: 2 }]);
  assert.deepEqual(quantities(answer.data), { mug: 1, notebook: 2 });
  assert.deepEqual(answer.errors.map((each) => each.title), ["Insufficient stock"]);
});

// A storefront in small: sign in, list the account's carts, make a new one.
const PASSWORD_PROFILE = "b0000000-0000-4000-8000-000000000001";
const find = (selector) => document.querySelector(selector);
const config = fetch("config.json").then((response) => response.json());

let accessToken;
let accountToken;

class ApiError extends Error {
  constructor(status, { title, detail }) {
    super(detail ? `${title}: ${detail}` : title);
    this.status = status;
  }
}

async function send(path, options) {
  const { apiUrl } = await config;
  const response = await fetch(apiUrl + path, options);
  const text = await response.text();
  const body = text ? JSON.parse(text) : {};
  if (!response.ok) throw new ApiError(response.status, body.errors[0]);
  return body;
}

async function authenticate() {
  const form = new URLSearchParams({ grant_type: "implicit", client_id: "storefront" });
  accessToken = (await send("/oauth/access_token", { method: "POST", body: form })).access_token;
}

/** Call the API; with a new access token where the old one has expired. */
async function call(method, path, data) {
  const attempt = () =>
    send(path, {
      method,
      headers: {
        Authorization: `Bearer ${accessToken}`,
        ...(data && { "Content-Type": "application/json" }),
        ...(accountToken && { "EP-Account-Management-Authentication-Token": accountToken }),
      },
      body: data && JSON.stringify({ data }),
    });
  if (!accessToken) await authenticate();
  try {
    return await attempt();
  } catch (error) {
    if (error.status !== 401) throw error;
    await authenticate();
    return attempt();
  }
}

async function signIn({ username, password }) {
  accountToken = undefined;
  const { data } = await call("POST", "/v2/account-members/tokens", {
    type: "account_management_authentication_token",
    authentication_mechanism: "password",
    password_profile_id: PASSWORD_PROFILE,
    username,
    password,
  });
  accountToken = data[0].token;
  await listCarts();
}

async function listCarts() {
  const { data } = await call("GET", "/v2/carts");
  find("#carts").replaceChildren(
    ...data.map(({ name }) => Object.assign(document.createElement("li"), { textContent: name })),
  );
}

async function newCart({ name }) {
  await call("POST", "/v2/carts", { name });
  await listCarts();
}

/** Do what a button asks for, then show how things stand. */
async function act(action) {
  let message = "";
  try {
    await action();
  } catch (error) {
    message = error.message;
    if (error.status === 401 && accountToken) {
      accountToken = undefined;
      message = "Your session has ended. Please sign in again.";
    }
  }
  find("[role=alert]").textContent = message;
  find("#sign-in").hidden = Boolean(accountToken);
  find("main").hidden = !accountToken;
}

function onSubmit(selector, action) {
  find(selector).addEventListener("submit", (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target));
    event.target.reset();
    act(() => action(values));
  });
}

onSubmit("#sign-in", signIn);
onSubmit("#new-cart", newCart);
find("#refresh").addEventListener("click", () => act(listCarts));

"""Properties of carts and associations, over many random steps, beside a plain dict.

That model restates contract.md in its plainest form. After every step the administrator's list of
everything is compared with it: so a request that fails and changes something is found too.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.clock import DAY, HOUR
from mockserver.core.config import Config
from mockserver.sandbox.sandbox import Sandbox
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_3,
    ADMIN,
    CUSTOMER_1,
    CUSTOMER_2,
    NEW_YEAR,
    SHOPPER,
    acting_as,
    as_customer,
    naming,
    naming_customers,
)
from tests.support.contract import CONTRACT
from tests.support.examples import examples

STEPS = 50

ACCOUNTS = (ACCOUNT_1, ACCOUNT_2, ACCOUNT_3)
CUSTOMERS = (CUSTOMER_1, CUSTOMER_2)
OWNERS = (*ACCOUNTS, *CUSTOMERS)
NO_ACCOUNT = "a0000000-0000-4000-8000-00000000000f"
NO_CUSTOMER = "f0000000-0000-4000-8000-00000000000f"
SEED = {  # the last one first, as it is the oldest
    "expiring-cart": ("Expiring cart", []),
    "barbara-only-cart": ("Barbara's only cart", [CUSTOMER_2]),
    "alan-other-cart": ("Alan's other cart", [CUSTOMER_1]),
    "alan-cart": ("Alan's cart", [CUSTOMER_1]),
    "contact-cart": ("Guest's cart", []),
    "hedy-only-cart": ("Hedy's only cart", [ACCOUNT_3]),
    "grace-cart": ("Grace's cart", [ACCOUNT_2]),
    "shared-cart": ("Ada and Grace's cart", [ACCOUNT_1, ACCOUNT_2]),
    "ada-second-cart": ("Ada's second cart", [ACCOUNT_1]),
    "ada-cart": ("Ada's cart", [ACCOUNT_1]),
    "free-cart": ("Free cart", []),
}

NOBODY, ADMINISTRATOR = "nobody", "administrator"
HEADERS = {
    NOBODY: SHOPPER,
    ADMINISTRATOR: ADMIN,
    **{account_id: acting_as(number) for number, account_id in enumerate(ACCOUNTS, start=1)},
    **{customer: as_customer(number) for number, customer in enumerate(CUSTOMERS, start=1)},
}

CALLERS = st.sampled_from(sorted(HEADERS))
CART_IDS = st.sampled_from([*SEED, "one", "two", "three"])
OWN = [(caller, owner) for owner in OWNERS for caller in (owner, ADMINISTRATOR)]
PAIRS = st.sampled_from(OWN) | st.tuples(
    CALLERS, st.sampled_from([*OWNERS, NO_ACCOUNT, NO_CUSTOMER])
)
"""A caller and an account or a customer: half of the time one that the caller may associate."""
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
USABLE_NAMES = NAMES.map(lambda text: text[:255]).filter(lambda text: bool(text.strip()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)

REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "", {"json": {"data": {}}}),
    ("POST", "", {"json": {"data": {"name": ""}}}),
    ("POST", "", {"json": {"data": {"id": "not/safe", "name": "x"}}}),
    ("POST", "", {"json": {"data": {"name": "x", "snapshot_date": "2001-01-01T00:00:00Z"}}}),
    ("POST", "", {"json": {"data": {"name": "x", "snapshot_date": "0001-01-01T00:00:00+01:00"}}}),
    ("POST", "", {"data": "{", "content_type": "application/json"}),
    ("PUT", "/{cart}", {"json": {"data": {"name": 1}}}),
    ("PUT", "/{cart}", {"json": {"data": {"name": "x" * 256}}}),
    ("PUT", "/{cart}", {"data": "name=x", "content_type": "text/plain"}),
    ("PUT", "/{cart}", {"json": {"data": {"name": "x"}}, "headers": {}}),
    ("DELETE", "/{cart}", {"headers": {"Authorization": "Bearer unknown"}}),
    ("DELETE", "/not safe", {}),
    ("DELETE", "/always-write-conflict", {}),
    ("PATCH", "/{cart}", {"json": {"data": {"name": "x"}}}),
    ("PUT", "/{cart}", {"json": {"data": {"name": "x"}}, "query_string": "__code=409"}),
    ("POST", "/{cart}/relationships/accounts", {}),
    ("POST", "/{cart}/relationships/accounts", {"json": naming()}),
    ("POST", "/{cart}/relationships/accounts", {"json": naming(ACCOUNT_1, ACCOUNT_2)}),
    ("DELETE", "/{cart}/relationships/accounts", {"json": naming(ACCOUNT_1, ACCOUNT_1)}),
    ("DELETE", "/{cart}/relationships/accounts", {"json": {"data": {"id": ACCOUNT_1}}}),
    ("POST", "/{cart}/relationships/accounts", {"json": {"data": [{"id": ACCOUNT_1}]}}),
    ("POST", "/{cart}/relationships/accounts", {"json": {"data": [{"type": "account"}]}}),
    ("POST", "/{cart}/relationships/customers", {"json": naming(ACCOUNT_1)}),
    ("DELETE", "/{cart}/relationships/customers", {"json": naming_customers(*CUSTOMERS)}),
    ("POST", "/{cart}/relationships/accounts", {"json": naming_customers(CUSTOMER_1)}),
]
"""Requests below /v2/carts that are refused, whoever sends them and whatever the cart is."""


def kind(owner_id: str) -> str:
    return "customer" if owner_id in (*CUSTOMERS, NO_CUSTOMER) else "account"


def association(cart_id: str, owner_id: str) -> tuple[str, dict[str, object]]:
    """Return the path and the body of an association."""
    body = naming(owner_id) if kind(owner_id) == "account" else naming_customers(owner_id)
    return f"/{cart_id}/relationships/{kind(owner_id)}s", body


@dataclass
class Known:
    """What the model knows of a cart."""

    name: str
    owners: list[str] = field(default_factory=list)
    email: str | None = None
    expires_at: int = field(default=0, compare=False)


class CartMachine(RuleBasedStateMachine):
    """`carts` is the model: every cart by its id, the one updated last at the end."""

    app: Flask
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.sandbox: Sandbox = self.app.extensions["sandbox"]
        self.client: FlaskClient = self.app.test_client()
        self.carts: dict[str, Known] = {}
        self.now = 0
        self.expiry_days = 7
        self.shows_all = True
        self.refused = False
        self.seen: Any = None

    @initialize()
    def start(self) -> None:
        self.sandbox.clock.freeze(NEW_YEAR)
        self.sandbox.reset()
        for cart_id, (name, accounts) in SEED.items():
            self.carts[cart_id] = Known(name, list(accounts), expires_at=7 * DAY)
        self.carts["contact-cart"].email = "guest@example.com"
        self.carts["expiring-cart"].expires_at = HOUR

    # --- the model

    def save(self, cart_id: str, cart: Known) -> None:
        self.carts.pop(cart_id, None)
        cart.expires_at = self.now + self.expiry_days * DAY
        self.carts[cart_id] = cart

    def listed(self, caller: str) -> list[str]:
        """The ids that a caller sees in a list, in their order."""
        return [
            cart_id
            for cart_id, cart in reversed(self.carts.items())
            if caller in cart.owners
            or (caller == ADMINISTRATOR and (self.shows_all or cart.owners))
        ]

    # --- the sandbox

    def send(self, caller: str, method: str, path: str, **content: Any) -> TestResponse:
        request = {"headers": HEADERS[caller], **content}
        answer = self.client.open(f"/v2/carts{path}", method=method, **request)
        assert answer.status_code < 500, answer.data
        self.refused = answer.status_code >= 400
        return answer

    def look(self, caller: str, limit: int = 100, offset: int = 0) -> Any:
        query = {"page[limit]": limit, "page[offset]": offset}
        answer = self.send(caller, "GET", "", query_string=query)
        assert answer.status_code == 200
        return answer.get_json()

    # --- carts

    @rule(
        caller=CALLERS,
        cart_id=st.none() | CART_IDS,
        name=USABLE_NAMES,
        email=st.sampled_from([None, None, "someone@example.com"]),
    )
    def create(self, caller: str, cart_id: str | None, name: str, email: str | None) -> None:
        data: dict[str, Any] = {"name": name}
        if cart_id:
            data["id"] = cart_id
        if email:
            data["contact"] = {"email": email}
        answer = self.send(caller, "POST", "", json={"data": data})
        owners = [caller] if caller in OWNERS else []
        if cart_id in self.carts:
            assert answer.status_code == 409
        elif email and owners:
            assert answer.status_code == 422
        else:
            assert answer.status_code == 201
            made = answer.get_json()["data"]["id"]
            assert made not in self.carts
            assert cart_id in (None, made)
            self.save(made, Known(name, owners, email))

    @rule(caller=CALLERS, cart_id=CART_IDS)
    def get(self, caller: str, cart_id: str) -> None:
        answer = self.send(caller, "GET", f"/{cart_id}")
        if cart_id not in self.carts:
            self.save(cart_id, Known("Cart"))
        assert answer.status_code == 200
        assert parse_cart(answer.get_json()["data"]) == (cart_id, self.carts[cart_id])

    @rule(caller=CALLERS, cart_id=CART_IDS, name=USABLE_NAMES)
    def rename(self, caller: str, cart_id: str, name: str) -> None:
        answer = self.send(caller, "PUT", f"/{cart_id}", json={"data": {"name": name}})
        if cart_id not in self.carts:
            assert answer.status_code == 404
        else:
            assert answer.status_code == 200
            self.carts[cart_id].name = name
            self.save(cart_id, self.carts[cart_id])

    @rule(caller=CALLERS, cart_id=CART_IDS)
    def give_contact(self, caller: str, cart_id: str) -> None:
        contact = {"email": "someone@example.com"}
        answer = self.send(caller, "PUT", f"/{cart_id}", json={"data": {"contact": contact}})
        cart = self.carts.get(cart_id)
        if cart is None:
            assert answer.status_code == 404
        elif cart.owners:
            assert answer.status_code == 422
        else:
            assert answer.status_code == 200
            cart.email = contact["email"]
            self.save(cart_id, cart)

    @rule(caller=CALLERS, cart_id=CART_IDS)
    def delete(self, caller: str, cart_id: str) -> None:
        answer = self.send(caller, "DELETE", f"/{cart_id}")
        if cart_id not in self.carts:
            assert answer.status_code == 404
        elif any(self.listed(owner) == [cart_id] for owner in self.carts[cart_id].owners):
            assert answer.status_code == 400
            assert answer.get_json()["errors"][0]["title"] == "Last cart"
        else:
            assert answer.status_code == 204
            del self.carts[cart_id]

    # --- associations

    def expected_status(self, caller: str, cart_id: str, owner_id: str) -> int | None:
        """The status of an association that is rejected; None for one that is not."""
        cart = self.carts.get(cart_id)
        anothers = cart is not None and cart.owners and caller not in cart.owners
        if caller != ADMINISTRATOR and (caller != owner_id or anothers):
            return 403
        return 404 if cart is None or owner_id not in OWNERS else None

    @rule(pair=PAIRS, cart_id=CART_IDS)
    def associate(self, pair: tuple[str, str], cart_id: str) -> None:
        caller, owner_id = pair
        path, body = association(cart_id, owner_id)
        refused = self.expected_status(caller, cart_id, owner_id)
        answer = self.send(caller, "POST", path, json=body)
        if refused:
            assert answer.status_code == refused
        elif self.carts[cart_id].email:
            assert answer.status_code == 422
        elif owner_id in self.carts[cart_id].owners:
            assert answer.status_code == 204
            assert answer.data == b""
        else:
            assert answer.status_code == 200
            assert answer.get_json() == body
            self.carts[cart_id].owners.append(owner_id)
            self.carts[cart_id].owners.sort(key=kind)  # as an answer groups them
            self.save(cart_id, self.carts[cart_id])
        if not refused and not self.carts[cart_id].email:
            again = self.send(caller, "POST", path, json=body)
            assert again.status_code == 204

    @rule(pair=PAIRS, cart_id=CART_IDS)
    def disassociate(self, pair: tuple[str, str], cart_id: str) -> None:
        caller, owner_id = pair
        path, body = association(cart_id, owner_id)
        refused = self.expected_status(caller, cart_id, owner_id)
        answer = self.send(caller, "DELETE", path, json=body)
        assert answer.status_code == refused or (answer.status_code == 204 and not refused)
        if not refused and owner_id in self.carts[cart_id].owners:
            self.carts[cart_id].owners.remove(owner_id)
            self.save(cart_id, self.carts[cart_id])

    # --- what is refused

    @rule(caller=CALLERS, cart_id=CART_IDS, request=st.sampled_from(REFUSED))
    def refuse(self, caller: str, cart_id: str, request: tuple[str, str, dict[str, Any]]) -> None:
        method, path, content = request
        answer = self.send(caller, method, path.replace("{cart}", cart_id), **content)
        assert 400 <= answer.status_code < 500
        assert answer.get_json()["errors"]

    @rule(
        caller=CALLERS, cart_id=CART_IDS, body=ANY_JSON, method=st.sampled_from(["POST", "DELETE"])
    )
    def associate_anything(self, caller: str, cart_id: str, body: Any, method: str) -> None:
        path = f"/{cart_id}/relationships/accounts"
        assert 400 <= self.send(caller, method, path, json=body).status_code < 500

    # --- settings and time

    @rule(days=st.sampled_from([1, 7, 365]), shows_all=st.booleans())
    def set_up(self, days: int, shows_all: bool) -> None:
        data = {"cart_expiry_days": days, "show_all_carts": shows_all}
        answer = self.client.put("/v2/settings/cart", headers=ADMIN, json={"data": data})
        assert answer.status_code == 200
        self.expiry_days, self.shows_all = days, shows_all

    @rule(duration=st.sampled_from([HOUR, HOUR, HOUR, DAY - HOUR, DAY, 6 * DAY, 7 * DAY]))
    def wait(self, duration: int) -> None:
        self.sandbox.clock.advance(duration)
        self.now += duration
        for cart_id, cart in list(self.carts.items()):
            if cart.expires_at <= self.now:
                del self.carts[cart_id]

    @rule()
    @precondition(lambda self: self.sandbox.clock.is_frozen)
    def let_time_run(self) -> None:
        """Durations are whole hours: what passes by itself makes no difference to them."""
        self.sandbox.clock.resume()

    @rule()
    @precondition(lambda self: not self.sandbox.clock.is_frozen)
    def stop_time(self) -> None:
        self.sandbox.clock.freeze()

    @rule()
    def reset(self) -> None:
        self.carts.clear()
        self.now, self.expiry_days, self.shows_all = 0, 7, True
        self.start()

    # --- lists

    @rule(caller=st.sampled_from(OWNERS))
    def an_owner_sees_its_own_carts_only(self, caller: str) -> None:
        listed = self.look(caller)["data"]
        assert [cart["id"] for cart in listed] == self.listed(caller)
        assert all(caller in parse_cart(cart)[1].owners for cart in listed)

    @rule()
    def nobody_sees_a_list(self) -> None:
        assert self.send(NOBODY, "GET", "").status_code == 403

    @rule(caller=st.sampled_from([*OWNERS, ADMINISTRATOR]), limit=st.integers(1, 7))
    def pages_make_up_the_whole(self, caller: str, limit: int) -> None:
        whole = self.look(caller)["data"]
        joined: list[Any] = []
        offset = 0
        while True:
            page = self.look(caller, limit, offset)
            assert len(page["data"]) <= limit
            assert page["meta"]["results"] == {"total": len(whole)}
            joined += page["data"]
            if page["links"]["next"] is None:
                break
            offset += limit
        assert joined == whole

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        refused, before = self.refused, self.seen
        self.seen = self.look(ADMINISTRATOR)["data"]
        listed = [parse_cart(cart) for cart in self.seen]
        assert listed == [(cart_id, self.carts[cart_id]) for cart_id in self.listed(ADMINISTRATOR)]
        assert self.seen == before or not refused
        type(self).steps += 1


def parse_cart(cart: dict[str, Any]) -> tuple[str, Known]:
    """The id and the known fields of a serialized cart."""
    owners = [
        owner["id"]
        for relationship in ("accounts", "customers")
        for owner in cart["relationships"][relationship].get("data", ())
    ]
    return cart["id"], Known(cart["name"], owners, cart.get("contact", {}).get("email"))


@pytest.mark.long
@pytest.mark.stress
def test_the_properties_hold_for_many_steps() -> None:
    CartMachine.app = create_app(Config(frozen_at=NEW_YEAR), CONTRACT)
    CartMachine.steps = 0
    run_state_machine_as_test(
        CartMachine,
        settings=settings(
            max_examples=examples(280),
            stateful_step_count=STEPS,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert CartMachine.steps >= examples(10_000)

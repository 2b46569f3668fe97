"""Causes of the errors of carts, and of the settings of carts."""

from tests.support.built_in_data import (
    SHOPPER,
    acting_as,
    as_customer,
)
from tests.support.error_causes.common import Cause, Causes
from tests.support.sample_requests import (
    GOOD,
    RESTRICTED,
    RESTRICTED_STATE,
)

_create = GOOD["createACart"]
_update = GOOD["updateACart"]
_settings = GOOD["put-v2-settings-cart"]
_email = {"name": "Guest", "contact": {"email": "guest@example.com"}}
_past = {"name": "Snapshot", "snapshot_date": "2020-01-01T00:00:00Z"}
FUTURE = {"data": {"snapshot_date": "2030-01-01T00:00:00Z"}}
_unsafe = "/v2/carts/not%20safe"

CAUSES: Causes = {
    ("put-v2-settings-cart", "schema-violation"): [_settings.evolve(body={})],
    ("put-v2-settings-cart", "cart-expiry-days-too-high"): [
        _settings.evolve(body={"data": {"cart_expiry_days": 366}})
    ],
    ("put-v2-settings-cart", "cannot-use-both-discounts-together"): [
        _settings.evolve(
            body={
                "data": {
                    "discounts": {"custom_discounts_enabled": True, "use_rule_promotions": True}
                }
            }
        ),
        Cause(
            _settings.evolve(body={"data": {"discounts": {"custom_discounts_enabled": True}}}),
            before=[_settings.evolve(body={"data": {"discounts": {"use_rule_promotions": True}}})],
        ),
    ],
    ("getCarts", "forbidden"): [
        GOOD["getCarts"].evolve(headers=SHOPPER),
        Cause(GOOD["getCarts"].evolve(headers=RESTRICTED), fixtures=(RESTRICTED_STATE,)),
    ],
    ("createACart", "schema-violation"): [
        _create.evolve(body={"data": {}}),
        _create.evolve(
            body={"description": "bare attributes are accepted, but not without a name"}
        ),
    ],
    ("createACart", "invalid-snapshot-date"): [_create.evolve(body={"data": _past})],
    ("createACart", "cart-already-exists"): [
        _create.evolve(body={"data": {"id": "free-cart", "name": "Again"}}),
        Cause(
            _create.evolve(body={"data": {"id": "my-cart", "name": "Second"}}, headers=SHOPPER),
            before=[_create.evolve(body={"data": {"id": "my-cart", "name": "First"}})],
        ),
    ],
    ("createACart", "cart-has-contact-email"): [
        _create.evolve(body={"data": _email}, headers=acting_as(1))
    ],
    ("getACart", "schema-violation"): [
        GOOD["getACart"].evolve(path=_unsafe),
        GOOD["getACart"].evolve(path="/v2/carts/caf%C3%A9"),
        GOOD["getACart"].evolve(path="/v2/carts/line%0A"),
    ],
    ("updateACart", "schema-violation"): [_update.evolve(body={"data": {"name": 1}})],
    ("updateACart", "invalid-snapshot-date"): [_update.evolve(body={"data": _past})],
    ("updateACart", "cannot-remove-snapshot-date"): [
        Cause(
            _update.evolve(body={"data": {"snapshot_date": None}}),
            before=[_update.evolve(body=FUTURE)],
        )
    ],
    ("updateACart", "cart-not-found"): [_update.evolve(path="/v2/carts/no-such-cart")],
    ("updateACart", "cart-has-contact-email"): [
        _update.evolve(path="/v2/carts/ada-cart", body={"data": _email})
    ],
    ("deleteACart", "schema-violation"): [GOOD["deleteACart"].evolve(path=_unsafe)],
    ("deleteACart", "last-cart"): [GOOD["deleteACart"].evolve(path="/v2/carts/hedy-only-cart")],
    ("deleteACart", "cart-not-found"): [
        GOOD["deleteACart"].evolve(path="/v2/carts/no-such-cart"),
        Cause(GOOD["deleteACart"], before=[GOOD["deleteACart"]]),
    ],
    ("createACart", "customer-cart-has-contact-email"): [
        _create.evolve(body={"data": _email}, headers=as_customer(1))
    ],
    ("updateACart", "customer-cart-has-contact-email"): [
        _update.evolve(path="/v2/carts/alan-cart", body={"data": _email})
    ],
    ("deleteACart", "customer-last-cart"): [
        GOOD["deleteACart"].evolve(path="/v2/carts/barbara-only-cart")
    ],
}

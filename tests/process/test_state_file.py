"""What the state file holds is what was there; a file that is not whole is refused."""

import pickle
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.app import create_app
from mockserver.core.clock import DAY
from mockserver.core.config import Config
from mockserver.openapi.contract import Contract
from mockserver.persistence.state_file import SEAL, StateFile
from mockserver.persistence.state_format import FORMAT, MAPS, SEED, VALUES, digest
from mockserver.sandbox.registry import Sandboxes
from mockserver.store import derived
from mockserver.store.index_specs import ALL
from mockserver.store.queries import View
from mockserver.store.record_index import Shelf
from mockserver.store.world import StoreState
from tests.carting import product, promotion, put_in
from tests.ordering import check_out, ordered, pay
from tests.seeds import (
    ACCOUNT_1,
    ACCOUNT_2,
    ADMIN,
    LAMP,
    MEMBER_ADA,
    MUG,
    NEW_YEAR,
    PROFILE,
    SHOPPER,
    TEN_PERCENT,
    acting_as,
    naming,
)

Make = Callable[..., Flask]


@pytest.fixture
def make(contract: Contract) -> Make:
    """Make an application: `make(seed=1)`."""
    return lambda **options: create_app(Config(**{"frozen_at": NEW_YEAR, **options}), contract)


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path / "state", 0, NEW_YEAR)


def sandboxes(app: Flask) -> Sandboxes:
    held: Sandboxes = app.extensions["sandboxes"]
    return held


def plain(index: Any) -> Any:
    """Return a map as a dict; of what lies on a shelf, all that it lists, in that order."""
    if not isinstance(index, Shelf):
        return dict(index.items())
    return list(View(index, ALL, -(10**15)))


def value(state: State) -> Any:
    """Return a state as plain values, its indexes included."""
    world = state.store
    maps = (*MAPS, *derived.FIELDS)
    return {
        "world": {
            each.name: plain(getattr(world, each.name))
            if each.name in maps
            else getattr(world, each.name)
            for each in fields(StoreState)
        },
        "clock": state.clock.state,
        "ids": state.ids.counters(),
        "rules": [rule.show() for rule in state.rules.rules],
        "drawn": state.rules.drawn,
        "chance": state.rules.rng.getstate(),
    }


def values(app: Flask) -> Any:
    """Return the states of all sandboxes, and those of their snapshots, as plain values."""
    return {
        name: [value(each.state), {s: value(state) for s, state in each.snapshots.items()}]
        for name, _, each in sandboxes(app).captured()
    }


def live(app: Flask) -> None:
    """Do a bit of everything in a sandbox."""
    client = app.test_client()
    ordered(client, [product(LAMP, 2), promotion(TEN_PERCENT)], acting_as(1))
    order = ordered(client, [product(MUG, 1)])
    pay(client, order["data"]["id"])
    put_in(client, "ada-cart", [product(MUG, 3), promotion(TEN_PERCENT)], headers=acting_as(1))
    client.post("/v2/carts/free-cart/relationships/accounts", headers=ADMIN, json=naming(ACCOUNT_2))
    client.delete("/v2/carts/ada-second-cart", headers=ADMIN)
    client.put("/v2/settings/cart", headers=ADMIN, json={"data": {"cart_expiry_days": 3}})
    client.post(
        "/v2/account-members/tokens",
        headers=SHOPPER,
        json={
            "data": {
                "type": "account_management_authentication_token",
                "authentication_mechanism": "password",
                "password_profile_id": PROFILE,
                "username": "ada@example.com",
                "password": "ada-password",
            }
        },
    )
    client.post("/v2/accounts", headers=ADMIN, json={"data": {"type": "account", "name": "New"}})
    client.delete(f"/v2/accounts/{ACCOUNT_1}", headers=ADMIN)
    client.put(
        f"/v2/account-members/{MEMBER_ADA}",
        headers=ADMIN,
        json={"data": {"type": "account_member", "name": "Countess"}},
    )
    rule = {"then": {"error": "too-many-requests"}, "probability": 0.5, "ttl_s": 60}
    client.post("/__admin/rules", json={"operation": "getCarts", **rule})
    for _ in range(3):
        client.get("/v2/carts", headers=ADMIN)
    client.put("/__admin/snapshots/before")
    client.put("/__admin/clock", json={"action": "advance", "duration": "P1D"})
    client.post("/__admin/sandboxes/forked", json={"fork_of": "default"})
    client.put("/__admin/clock", json={"action": "resume"})
    check_out(client, "grace-cart", acting_as(2))
    client.get("/v2/carts", headers={**ADMIN, "Mock-Sandbox": "fresh"})


def written(app: Flask, file: StateFile) -> bytes:
    file.write_first(sandboxes(app))
    return file.path.read_bytes()


def test_everything_comes_back(make: Make, file: StateFile) -> None:
    app, again = make(), make()
    live(app)
    written(app, file)
    assert file.load(sandboxes(again))
    there = values(app)
    assert list(there) == ["default", "forked", "fresh"]
    assert values(again) == there


def test_what_comes_back_goes_on_in_the_same_way(make: Make, file: StateFile) -> None:
    app, again = make(), make()
    live(app)
    for each in (app, again):
        each.test_client().put("/__admin/clock", json={"action": "freeze"})
    written(app, file)
    file.load(sandboxes(again))
    for each in (app, again):  # the same ids, the same rng, the same lists
        each.test_client().put(
            "/__admin/clock", json={"action": "freeze", "instant": "2026-01-02T00:00:00Z"}
        )
    paths = ["/v2/carts", "/v2/orders", "/v2/accounts", "/v2/account-members"] * 3
    for path in paths:
        one, other = (each.test_client().get(path, headers=ADMIN) for each in (app, again))
        assert one.status_code == other.status_code
        assert one.data == other.data
    one, other = (
        each.test_client().post("/v2/carts", headers=ADMIN, json={"data": {"name": "x"}})
        for each in (app, again)
    )
    assert one.data == other.data


def test_reset_after_the_restart_goes_back_to_the_fixtures(make: Make, file: StateFile) -> None:
    app, again = make(), make()
    live(app)
    written(app, file)
    file.load(sandboxes(again))
    for each in (again.test_client(),):
        each.post("/__admin/reset")
    assert value(sandboxes(again).default.state()) == value(sandboxes(make()).default.state())


STEPS: dict[str, tuple[str, str, Any]] = {
    "make": ("POST", "/v2/carts", {"data": {"name": "cart"}}),
    "fill": ("POST", "/v2/carts/free-cart/items", {"data": product(MUG)}),
    "empty": ("DELETE", "/v2/carts/free-cart/items", None),
    "delete": ("DELETE", "/v2/carts/ada-second-cart", None),
    "give": ("POST", "/v2/carts/free-cart/relationships/accounts", naming(ACCOUNT_1)),
    "take": ("DELETE", "/v2/carts/ada-cart/relationships/accounts", naming(ACCOUNT_1)),
    "forget": ("DELETE", f"/v2/accounts/{ACCOUNT_2}", None),
    "save": ("PUT", "/__admin/snapshots/one", None),
    "restore": ("POST", "/__admin/snapshots/one/restore", None),
    "fork": ("POST", "/__admin/sandboxes/twin", {"fork_of": "default"}),
    "reset": ("POST", "/__admin/reset", None),
    "later": ("PUT", "/__admin/clock", {"action": "advance", "duration": "P3D"}),
    "arm": ("POST", "/__admin/rules", {"then": {"delay_ms": 0}, "probability": 0.5}),
    "list": ("GET", "/v2/carts", None),
}


@pytest.mark.repeats
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.booleans()), max_size=25))
def test_whatever_was_done_comes_back(
    make: Make, file: StateFile, steps: list[tuple[str, bool]]
) -> None:
    app, again = make(), make()
    client = app.test_client()
    for step, aside in steps:
        method, path, body = STEPS[step]
        headers = ADMIN | ({"Mock-Sandbox": "aside"} if aside else {})
        client.open(path, method=method, headers=headers, json=body)
    written(app, file)
    file.load(sandboxes(again))
    assert values(again) == values(app)


def test_what_was_read_is_written_in_as_many_lines(make: Make, file: StateFile) -> None:
    app, again = make(), make()
    live(app)
    written(app, file)
    file.load(sandboxes(again))
    assert tags(written(again, file)) == tags(written(app, file))


def tags(whole: bytes) -> Counter[bytes]:
    """Return how many lines of each kind a file has."""
    return Counter(line.partition(b",")[0] for line in whole.splitlines()[1:-1])


def test_nothing_is_written_twice_and_the_seed_world_not_at_all(
    make: Make, file: StateFile
) -> None:
    app = make()
    untouched = len(written(app, file))
    assert untouched < 1000
    client = app.test_client()
    for _ in range(50):
        client.post("/v2/carts", headers=ADMIN, json={"data": {"name": "mine"}})
    for number in range(100):
        client.post(f"/__admin/sandboxes/fork-{number}", json={"fork_of": "default"})
        client.delete("/v2/carts/free-cart", headers={**ADMIN, "Mock-Sandbox": f"fork-{number}"})
    text = written(app, file)
    assert text.count(b'["Cart",') == 50
    assert text.count(b'["gone","carts",["free-cart"]]') == 100


def test_every_field_of_a_world_is_kept_derived_or_the_seeds() -> None:
    kept = {*MAPS, *VALUES, *derived.FIELDS, *SEED}
    assert kept == {each.name for each in fields(StoreState)}
    assert set(SEED) == {
        "store",
        "rules",
        "magic",
        "static_bearers",
        "static_account_tokens",
        "static_customer_tokens",
        "password_profiles",
        "applications",
        "codes",
        "currencies",
        "products",
        "products_by_sku",
        "promotions",
        "hierarchies",
    }


@contextmanager
def refusal(app: Flask, file: StateFile, word: str) -> Iterator[None]:
    """The file is refused in one line with a word, and stays; the sandboxes stay as they were."""
    before, there = file.path.read_bytes(), values(app)
    with pytest.raises(click.ClickException) as caught:
        file.load(sandboxes(app))
    yield
    [line] = caught.value.message.splitlines()
    assert word in line
    assert line.endswith("delete it, or name another --state-file")
    assert file.path.read_bytes() == before
    assert values(app) == there


@pytest.fixture
def whole(make: Make, file: StateFile) -> bytes:
    """A file as a lively server leaves it."""
    app = make()
    live(app)
    return written(app, file)


@pytest.mark.parametrize("part", [n / 20 for n in range(20)] + [-1, -2, -65, -72, -73, -74])
def test_a_torn_file_is_refused(make: Make, file: StateFile, whole: bytes, part: float) -> None:
    file.path.write_bytes(whole[: int(part * len(whole)) if part >= 0 else int(part)])
    with refusal(make(), file, "is "):
        pass


@pytest.mark.parametrize("more", [b"\n", b"x", b'["sandbox","more"]\n', b"\0" * 4096])
def test_a_file_with_something_behind_it_is_refused(
    make: Make, file: StateFile, whole: bytes, more: bytes
) -> None:
    file.path.write_bytes(whole + more)
    with refusal(make(), file, "is torn, or somebody has changed it"):
        pass


def test_no_flipped_byte_is_read(make: Make, file: StateFile, whole: bytes) -> None:
    app = make()

    @settings(max_examples=300, deadline=None)
    @given(place=st.integers(0, len(whole) - 1), flip=st.integers(1, 255))
    def flipped(place: int, flip: int) -> None:
        other = bytearray(whole)
        other[place] ^= flip
        file.path.write_bytes(bytes(other))
        with pytest.raises(click.ClickException):
            file.load(sandboxes(app))

    there = values(app)
    flipped()
    assert values(app) == there


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"\n",
        b"notes\n",
        b"{}\n",
        b'{"mockserver-state": "1"}\n',
        b'{"mockserver-state": 1}\n',
        b"[" * 100_000,
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        pickle.dumps({"a": 1}),
        b"carts:\n  - id: birthday\n",
    ],
    ids=lambda each: repr(each[:20]),
)
def test_a_foreign_file_is_refused(make: Make, file: StateFile, foreign: bytes) -> None:
    file.path.write_bytes(foreign)
    with refusal(make(), file, "is no state file of this server"):
        pass


def test_another_format_is_refused(make: Make, file: StateFile, whole: bytes) -> None:
    head, _, rest = whole.partition(b"\n")
    newer = head.replace(b'"mockserver-state":1', b'"mockserver-state":2')
    file.path.write_bytes(newer + b"\n" + rest)
    with refusal(make(), file, f"has the format 2; this server reads {FORMAT}"):
        pass


def test_another_seed_is_refused(make: Make, file: StateFile, whole: bytes) -> None:
    other = StateFile(file.path, 5, NEW_YEAR)
    with refusal(make(seed=5), other, "was written with --seed 0, not 5"):
        pass


def test_other_fixtures_are_refused(make: Make, file: StateFile, tmp_path: Path) -> None:
    more = tmp_path / "more.yaml"
    more.write_text("carts:\n  - {id: birthday, name: Birthday}\n")
    written(make(), file)
    with refusal(make(fixtures=("default", str(more))), file, "was written with other fixtures"):
        pass


def test_the_same_fixtures_from_another_place_are_the_same(
    make: Make, file: StateFile, tmp_path: Path
) -> None:
    text = (Path(__file__).parents[2] / "fixtures" / "default.yaml").read_text("utf-8")
    copied = tmp_path / "copy.yaml"
    copied.write_text(f"# copied\n{text}", "utf-8")
    written(make(), file)
    assert file.load(sandboxes(make(fixtures=(str(copied),))))


def sealed(*lines: str, app: Flask) -> bytes:
    """Return a file with the right head and the right seal, whatever the lines are."""
    head = {
        "mockserver-state": FORMAT,
        "server": "1",
        "seed": 0,
        "fixtures": digest(sandboxes(app).default.initial_state),
    }
    body = b"".join(each + b"\n" for each in (msgspec.json.encode(head), *map(str.encode, lines)))
    return body + SEAL + sha256(body).hexdigest().encode() + b"\n"


STATE = '["state",null,0,null,0,{},[],0,null]'
WORLD = '["world",0,0,null,{}]'
NONSENSE = {
    "no JSON": ("{",),
    "no tag": ('["pickle","cos"]',),
    "a record of a wrong type": ('["Bearer",{"client_id":1,"expires_at":null}]',),
    "a record without a field": ('["Bearer",{"client_id":"x"}]',),
    "an unknown map": ('["put","__class__",[["a",0]]]',),
    "no such record": ('["put","carts",[["a",0]]]',),
    "a number below zero": ('["put","carts",[["a",-1]]]',),
    "a record in a wrong map": (
        '["Bearer",{"client_id":"x","expires_at":null}]',
        '["put","carts",[["a",0]]]',
    ),
    "a digest that is none": (
        '["Bearer",{"client_id":"x","expires_at":null}]',
        '["put","bearers",[["xyz",0]]]',
    ),
    "gone, but never there": ('["gone","carts",["no-such-cart"]]',),
    "no such world": ('["sandbox","default"]', '["state",null,9,null,0,{},[],0,null]'),
    "settings without a group": ('["world",0,0,{"cart":{}},{}]',),
    "a state without a sandbox": (WORLD, STATE),
    "a snapshot without a present": (
        WORLD,
        '["sandbox","default"]',
        STATE.replace("null", '"one"', 1),
    ),
    "a sandbox twice": (WORLD, '["sandbox","a"]', STATE, '["sandbox","a"]', STATE),
    "a sandbox without a state": (WORLD, '["sandbox","default"]'),
    "a sandbox of a bad name": (WORLD, '["sandbox","../a"]', STATE),
    "a clock far away": (
        WORLD,
        '["sandbox","a"]',
        f'["state",null,0,null,{400 * 366 * 25 * DAY},{{}},[],0,null]',
    ),
    "a clock beyond any": (WORLD, '["sandbox","a"]', '["state",null,0,1e400,0,{},[],0,null]'),
    "a rule that does nothing": (
        WORLD,
        '["sandbox","a"]',
        '["state",null,0,null,0,{},[["rule-1",{},null,0,0]],1,null]',
    ),
    "chance of another kind": (
        WORLD,
        '["sandbox","a"]',
        '["state",null,0,null,0,{},[],0,[3,[1,2],null]]',
    ),
    "an empty line": ("",),
}


@pytest.mark.parametrize("lines", NONSENSE.values(), ids=NONSENSE)
def test_lines_that_no_server_writes_are_refused(
    make: Make, file: StateFile, lines: tuple[str, ...]
) -> None:
    app = make()
    file.path.write_bytes(sealed(WORLD, '["sandbox","first"]', STATE, *lines, app=app))
    with refusal(app, file, "does not hold together"):
        pass


def test_lines_that_a_server_could_write_are_read(make: Make, file: StateFile) -> None:
    app = make()
    file.path.write_bytes(sealed(WORLD, '["sandbox","first"]', STATE, app=app))
    assert file.load(sandboxes(app))
    assert [name for name, _ in sandboxes(app).all()] == ["default", "first"]


def test_the_least_recently_used_sandbox_still_goes_first(make: Make, file: StateFile) -> None:
    app = make()
    for name in ("b", "a", "c", "b"):
        app.test_client().get("/v2/carts", headers={**ADMIN, "Mock-Sandbox": name})
    written(app, file)
    again = make(max_sandboxes=2)
    file.load(sandboxes(again))
    assert [name for name, _ in sandboxes(again).all()] == ["default", "b", "c"]


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_beside_it(
    make: Make, file: StateFile, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(click.ClickException, match="input/output error"):
        file.write_first(sandboxes(make()))
    assert file.path.read_bytes() == whole
    assert list(file.path.parent.iterdir()) == [file.path]


CHANGES = [name for name in STEPS if name not in ("fork", "list", "take", "restore")]


@pytest.mark.parametrize("step", CHANGES)
def test_what_changes_something_is_seen(make: Make, step: str) -> None:
    app = make()
    before = sandboxes(app).changes()
    method, path, body = STEPS[step]
    app.test_client().open(path, method=method, headers=ADMIN, json=body)
    assert sandboxes(app).changes() != before


def test_a_new_sandbox_and_one_thrown_away_are_seen(make: Make) -> None:
    held = sandboxes(make())
    before = held.changes()
    held.create("new")
    there = held.changes()
    held.delete("new")
    held.create("new")
    assert before != there != held.changes()


def test_reading_changes_nothing(make: Make) -> None:
    app = make()
    before = sandboxes(app).changes()
    for path in ("/v2/carts", "/v2/carts/ada-cart", "/__admin/health", "/__admin/state"):
        app.test_client().get(path, headers=ADMIN)
    assert sandboxes(app).changes() == before

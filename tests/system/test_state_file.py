"""What the state file holds is what was there; a file that is not whole is refused."""

import os
import pickle
import stat
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
from rpds import HashTrieMap

from mockserver.app import create_app
from mockserver.core.clock import DAY
from mockserver.core.config import Config
from mockserver.openapi.contract import Contract
from mockserver.persistence.codec import digest_of
from mockserver.persistence.state_file import FORMAT, HINT, StateFile
from mockserver.sandbox.registry import SandboxRegistry
from mockserver.sandbox.sandbox import SandboxState
from mockserver.store.indexes import RecordIndex
from mockserver.store.state import COLLECTIONS, StoreState
from tests.support.built_in_data import (
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
from tests.support.carts import product, promotion, put_in
from tests.support.examples import examples
from tests.support.orders import check_out, ordered, pay

Make = Callable[..., Flask]


@pytest.fixture
def make(contract: Contract) -> Make:
    """Make an application: `make(seed=1)`."""
    return lambda **options: create_app(Config(**{"frozen_at": NEW_YEAR, **options}), contract)


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path / "state", 0, NEW_YEAR)


def sandboxes(app: Flask) -> SandboxRegistry:
    held: SandboxRegistry = app.extensions["sandboxes"]
    return held


def value(state: SandboxState) -> Any:
    """Return a state as plain values, its indexes included."""
    store = {}
    for field in fields(StoreState):
        part = getattr(state.store, field.name)
        if isinstance(part, RecordIndex):
            part = list(part.query(None, -(10**15)))
        store[field.name] = dict(part.items()) if isinstance(part, HashTrieMap) else part
    return {
        "store": store,
        "clock": state.clock.state,
        "ids": state.ids.counters(),
        "rules": [rule.to_dict() for rule in state.rules.rules],
        "rules issued": state.rules.issued,
        "draws": state.rules.draws,
    }


def values(app: Flask) -> Any:
    """Return the states of all sandboxes, and those of their snapshots, as plain values."""
    return {
        name: [value(each.state), {s: value(state) for s, state in each.snapshots.items()}]
        for name, _, each in sandboxes(app).checkpoints()
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


@pytest.mark.stress
@settings(
    max_examples=examples(40),
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


def document(whole: bytes) -> Any:
    return msgspec.json.decode(whole.splitlines()[1])


def test_what_was_read_is_written_with_as_many_records(make: Make, file: StateFile) -> None:
    app, again = make(), make()
    live(app)
    before = document(written(app, file))
    file.load(sandboxes(again))
    after = document(written(again, file))
    for name, records in before["records"].items():
        assert sorted(map(str, records)) == sorted(map(str, after["records"][name]))
    assert len(before["stores"]) == len(after["stores"])


def test_nothing_is_written_twice_and_the_initial_data_not_at_all(
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
    saved = document(written(app, file))
    assert len(saved["records"]["carts"]) == 50
    removed = [store["changes"]["carts"].get("free-cart", "kept") for store in saved["stores"]]
    assert removed == ["kept"] + [None] * 100


def test_every_field_of_a_state_is_saved_an_index_or_part_of_the_initial_data(
    make: Make, file: StateFile
) -> None:
    indexes = {
        *("members_by_account", "usernames", "customers_by_email", "cart_index", "order_index"),
        "products_by_sku",
    }
    initial = sandboxes(make()).default.initial_state
    digest = digest_of(initial)
    for field in fields(StoreState):
        if field.name in {"epoch", *COLLECTIONS, *indexes}:
            continue
        part = getattr(initial, field.name)
        other = (*part, {"more": "x"}) if isinstance(part, tuple) else {**part, "more": "x"}
        assert digest_of(initial.evolve(**{field.name: other})) != digest, field.name


@contextmanager
def refusal(app: Flask, file: StateFile, word: str) -> Iterator[None]:
    """The file is refused in one line with a word, and stays; the sandboxes stay as they were."""
    before, there = file.path.read_bytes(), values(app)
    with pytest.raises(click.ClickException) as caught:
        file.load(sandboxes(app))
    yield
    [line] = caught.value.message.splitlines()
    assert word in line
    assert line.endswith(HINT)
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


@pytest.mark.parametrize("more", [b"\n", b"x", b'{"sandboxes":[]}\n', b"\0" * 4096])
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
        b'{"mockserver-state": 2}\n',
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
    newer = head.replace(b'"mockserver-state":2', b'"mockserver-state":3')
    file.path.write_bytes(newer + b"\n" + rest)
    with refusal(make(), file, f"has the format 3; this server reads {FORMAT}"):
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


def sealed(app: Flask, body: bytes) -> bytes:
    """Return a file with the right header, whatever the body is."""
    header = {
        "mockserver-state": FORMAT,
        "server": "1",
        "seed": 0,
        "fixtures": digest_of(sandboxes(app).default.initial_state),
        "sha256": sha256(b"1\n" + body).hexdigest(),
    }
    return msgspec.json.encode(header) + b"\n" + body + b"\n"


def saved(**parts: Any) -> bytes:
    """Return a document of one sandbox named `first`, with other parts where they are named."""
    return msgspec.json.encode(
        {"records": {}, "stores": [store()], "sandboxes": [sandbox()], **parts}
    )


def store(**changes: Any) -> Any:
    return {"epoch": 0, "changes": changes}


def sandbox(name: str = "first", **parts: Any) -> Any:
    state = {
        **{"store": 0, "frozen_at": None, "offset": 0, "ids": {}},
        **{"rules": [], "rules_issued": 0, "draws": 0},
    }
    return {"name": name, "state": {**state, **parts}, "snapshots": {}}


BEARER = {"client_id": "x", "expires_at": None}
RULE = {"id": "rule-1", "definition": {}, "expires_at": None, "matched": 0, "fired": 0}
NONSENSE = {
    "no JSON": b"{",
    "no object": b"[]",
    "an unknown part": saved(pickle="cos"),
    "a part missing": b'{"records":{},"stores":[]}',
    "a record of a wrong type": saved(records={"bearers": [{**BEARER, "client_id": 1}]}),
    "a record without a field": saved(records={"bearers": [{"client_id": "x"}]}),
    "an unknown collection": saved(records={"__class__": []}),
    "an unknown collection of changes": saved(stores=[store(__class__={"a": 0})]),
    "no such record": saved(stores=[store(carts={"a": 0})]),
    "a number below zero": saved(stores=[store(carts={"a": -1})]),
    "a record in a wrong collection": saved(
        records={"bearers": [BEARER]}, stores=[store(carts={"a": 0})]
    ),
    "a record in place of its number": saved(stores=[store(bearers={"a": BEARER})]),
    "no such store": saved(sandboxes=[sandbox(store=9)]),
    "settings without a group": saved(stores=[store(settings={"cart": {}})]),
    "settings of another kind": saved(stores=[store(settings={"cart": 7})]),
    "settings removed": saved(stores=[store(settings={"cart": None})]),
    "a sandbox twice": saved(sandboxes=[sandbox(), sandbox()]),
    "a sandbox of a bad name": saved(sandboxes=[sandbox("../a")]),
    "a clock far away": saved(sandboxes=[sandbox(offset=400 * 366 * 25 * DAY)]),
    "a clock beyond any": saved(sandboxes=[sandbox(frozen_at=1e300)]),
    "a rule that does nothing": saved(sandboxes=[sandbox(rules=[RULE])]),
    "draws below zero": saved(sandboxes=[sandbox(draws=-1)]),
    "nothing": b"",
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_a_document_that_no_server_writes_is_refused(
    make: Make, file: StateFile, body: bytes
) -> None:
    app = make()
    file.path.write_bytes(sealed(app, body))
    with refusal(app, file, "is inconsistent"):
        pass


def test_a_document_that_a_server_could_write_is_read(make: Make, file: StateFile) -> None:
    app = make()
    file.path.write_bytes(sealed(app, saved()))
    assert file.load(sandboxes(app))
    assert [name for name, _ in sandboxes(app).all()] == ["default", "first"]


@pytest.mark.parametrize("bytes_", [b"notes\n", b"", b"\0"])
def test_a_file_that_is_discarded_is_kept_beside(
    make: Make, file: StateFile, bytes_: bytes
) -> None:
    app = make()
    before = values(app)
    file.path.write_bytes(bytes_)
    assert not file.load(sandboxes(app), discard=True)
    assert values(app) == before
    assert not file.path.exists()
    assert file.path.with_name("state.rejected").read_bytes() == bytes_


def test_a_planted_temporary_file_neither_opens_nor_redirects_the_state(
    make: Make, file: StateFile
) -> None:
    victim = file.path.with_name("victim")
    victim.write_text("victim")
    planted = file.path.with_name("state.tmp")
    for plant in (
        lambda: planted.write_text("x"),
        lambda: planted.hardlink_to(victim),
        lambda: planted.symlink_to(victim),
        lambda: os.mkfifo(planted),
    ):
        plant()
        planted.chmod(0o666)
        written(make(), file)
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        assert not planted.exists()
        assert victim.read_text() == "victim"


def test_a_removed_lock_file_opens_nothing(make: Make, file: StateFile) -> None:
    second = StateFile(file.path, 0, NEW_YEAR)
    with file.locked():
        for _ in range(2):
            written(make(), file)
            file.path.with_name("state.lock").unlink()
            with pytest.raises(click.ClickException, match="another server keeps its state"):
                second.locked().__enter__()
    with second.locked():
        assert second.load(sandboxes(make()))


@pytest.mark.parametrize("name", ["state", "state.lock"])
@pytest.mark.parametrize("kind", ["link", "FIFO", "folder"])
def test_only_a_regular_file_is_used(make: Make, file: StateFile, name: str, kind: str) -> None:
    path = file.path.with_name(name)
    target = file.path.with_name("target")
    target.write_text("target")
    {
        "link": lambda: path.symlink_to(target),
        "FIFO": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }[kind]()
    with pytest.raises(click.ClickException, match="can't be used") as refusal, file.locked():
        pass
    assert len(refusal.value.message.splitlines()) == 1
    assert target.read_text() == "target"


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

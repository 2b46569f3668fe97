"""Malformed and invalid requests as bytes, each from the headers that name the sandbox, and a
random generator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from benchmarks.soak.checks import GHOST, tagged
from benchmarks.soak.http_wire import build_request

MEBIBYTE = 1024 * 1024
TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(508)
BAD_CHUNKS = (b"zz\r\n{}\r\n", b"f" * 30 + b"\r\n{}\r\n0\r\n\r\n", b"-1\r\n\r\n", b"\r\n\r\n\r\n")
DEEP = (b"[" * 100_000, b'{"data":' * 100_000, b'{"data":' + b"[" * 64 + b"]" * 64 + b"}")
INVALID = (
    *(b'{"data":[' + b"{}," * count + b"{}]}" for count in (9_990, 300_000)),
    *(
        b'{"data":{' + b",".join(b'"%x":1' % n for n in range(count)) + b"}}"
        for count in (19_990, 100_000)
    ),
    b'{"data":{"' + b"k" * 1_000_000 + b'":1}}',
)
LENGTHS = (b"9" * 30, b"-1", b"two", b"18446744073709551615", b"9223372036854775807", b"5, 6")
TARGETS = (
    *("/v2/carts/%ff%fe", "/v2/carts/%00", "/v2/carts/../../etc/passwd", "/%", "*"),
    *("/v2/carts?filter=" + "(" * 20_000, "/v2/carts/" + "x" * 70_000, "/v2/carts?page[limit]=1e3"),
)

Headers = Mapping[str, str]


def _many_headers(headers: Headers, _: Random) -> bytes:
    return build_request("GET", "/v2/carts", {**headers, **{f"X-{n}": "x" for n in range(10_000)}})


def _chunked_nonsense(headers: Headers, rng: Random) -> bytes:
    head = {**headers, "Transfer-Encoding": "chunked"}
    return build_request("POST", "/v2/carts", head) + rng.choice(BAD_CHUNKS)


def _huge_json(headers: Headers, _: Random) -> bytes:
    name = tagged(f"{GHOST}-1", "too large")
    body = {"data": {"name": name, "description": "x" * (MEBIBYTE + MEBIBYTE // 2)}}
    return build_request("POST", "/v2/carts", headers, body)


def _deep_json(headers: Headers, rng: Random) -> bytes:
    return build_request("POST", "/v2/carts", headers, rng.choice(DEEP))


def _invalid_json(headers: Headers, rng: Random) -> bytes:
    return build_request("POST", "/v2/carts", headers, rng.choice(INVALID))


def _garbage(_: Headers, rng: Random) -> bytes:
    return rng.randbytes(400) + b"\r\n\r\n"


def _tls_hello(_: Headers, __: Random) -> bytes:
    return TLS_HELLO + b"\r\n\r\n"


def _absurd_length(headers: Headers, rng: Random) -> bytes:
    length = b"Content-Length: " + rng.choice(LENGTHS)
    return build_request("POST", "/v2/carts", headers, b"{}").replace(b"Content-Length: 2", length)


def _odd_target(headers: Headers, rng: Random) -> bytes:
    return build_request("GET", rng.choice(TARGETS), headers)


MALFORMED_REQUESTS: dict[str, Callable[[Headers, Random], bytes]] = {
    "10,000 headers": _many_headers,
    "chunked nonsense": _chunked_nonsense,
    "huge JSON": _huge_json,
    "deep JSON": _deep_json,
    "JSON with many violations": _invalid_json,
    "garbage": _garbage,
    "TLS hello": _tls_hello,
    "absurd length": _absurd_length,
    "odd target": _odd_target,
}
UNFINISHED = frozenset(("absurd length",))
"""Those that a server may wait for the rest of: the client then closes its side."""

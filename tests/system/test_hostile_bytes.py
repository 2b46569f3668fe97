"""Malformed bytes sent to a real server: it rejects them with a reason, and continues to serve."""

import json
import re
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import RunningServer, running_server
from tests.support.built_in_data import ACCOUNT_TOKEN
from tests.support.sample_requests import FREE_CART, GOOD, WITH_BODY

MEBIBYTE = 1024 * 1024
SECONDS = 20
ANY_REFUSAL = range(400, 500)
LOG_LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} [!-~]+ /[!-~]* \d{3} [!-~ ]+ ms\n")
GOOD_CART = b'{"data":{"name":"New"}}'
HEALTH = b"GET /__admin/health HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass(frozen=True)
class Response:
    """One received response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def titles(self) -> list[str]:
        """The titles of the errors; asserts that the body is the API's envelope."""
        assert self.headers["content-type"] == "application/json"
        assert self.json.keys() == {"errors"}
        assert all(int(error["status"]) == self.status for error in self.json["errors"])
        return [error["title"] for error in self.json["errors"]]


def parse_responses(stream: bytes) -> list[Response]:
    """Split a connection's bytes into responses, interim ones (100) included."""
    responses = []
    while stream:
        head, _, stream = stream.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        responses.append(Response(int(first.split(" ")[1]), headers, stream[:length]))
        stream = stream[length:]
    return responses


Connect = Callable[[], socket.socket]
Ask = Callable[..., Response]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server for these tests only. In the end each line of its log must be valid."""
    with running_server() as running:
        yield running
    assert [line for line in running.errors if not LOG_LINE.fullmatch(line)] == []
    assert [line for line in running.errors if re.search(r" 5\d\d ", line)] == []


@pytest.fixture
def connect(server: RunningServer) -> Connect:
    url = urlsplit(server.url)
    return lambda: socket.create_connection((url.hostname, url.port), timeout=SECONDS)


@pytest.fixture(autouse=True)
def lives_on(connect: Connect) -> Iterator[None]:
    """After each test, the server must still serve requests."""
    yield
    with connect() as connection:
        connection.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert [response.status for response in parse_responses(received(connection))] == [200]


def received(connection: socket.socket) -> bytes:
    """Return everything until the server closes the connection."""
    stream = b""
    with suppress(ConnectionResetError):  # the server closed before it got everything
        while part := connection.recv(65536):
            stream += part
    return stream


@pytest.fixture
def talk(connect: Connect) -> Callable[..., list[Response]]:
    """Send bytes on a new connection; return all responses."""

    def send(raw: bytes, *, then_close: bool = False) -> list[Response]:
        with connect() as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(raw)
                if then_close:
                    connection.shutdown(socket.SHUT_WR)
            return parse_responses(received(connection))

    return send


@pytest.fixture
def ask(talk: Callable[..., list[Response]]) -> Ask:
    """Send bytes of at most one request; return the only response."""

    def send(raw: bytes, **how: bool) -> Response:
        [response] = talk(raw, **how)
        return response

    return send


def request(line: str | bytes, *headers: bytes, body: bytes = b"", host: bytes = b"x") -> bytes:
    """Return a request's bytes; by default an administrator's, and the connection's last one."""
    start = line.encode() if isinstance(line, str) else line
    if len(start.split(b" ")) == 2:
        start += b" HTTP/1.1"
    lines = [start, b"Connection: close", *headers]
    if host:
        lines.append(b"Host: " + host)
    if not any(each.startswith(b"Authorization:") for each in headers):
        lines.append(b"Authorization: Bearer admin")
    if not any(each.startswith(b"Content-Type:") for each in headers):
        lines.append(b"Content-Type: application/json")
    if body and not any(each.startswith(b"Content-Length:") for each in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(line: str, *chunks: bytes) -> bytes:
    """Return a request whose body comes in chunks."""
    parts = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in chunks)
    return request(line, b"Transfer-Encoding: chunked") + parts + b"0\r\n\r\n"


# --- bodies

NO_JSON = {
    "invalid UTF-8": b'{"data":{"name":"\xff\xfe"}}',
    "overlong UTF-8": b'{"data":{"name":"\xc0\x80"}}',
    "surrogate in UTF-8": b'{"data":{"name":"\xed\xa0\x80"}}',
    "UTF-16": '{"data":{"name":"x"}}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"data":{"name":"x"}}',
    "a key twice": b'{"data":{"name":"x"},"data":{"name":"y"}}',
    "an inner key twice": b'{"data":{"name":"x","name":"y"}}',
    "lone surrogate": b'{"data":{"name":"\\ud800"}}',
    "surrogates the wrong way round": b'{"data":{"name":"\\udc00\\ud800"}}',
    "lone surrogate in a key": b'{"\\udfff":1}',
    "NUL": b'{"data":{"name":"\0"}}',
    "escaped NUL": b'{"data":{"name":"\\u0000"}}',
    "escaped NUL in a key": b'{"data":{"\\u0000":1}}',
    "65 levels": b'{"data":' + b"[" * 64 + b"]" * 64 + b"}",
    "100,000 levels": b'{"data":' + b"[" * 100_000,
    "100,000 levels of objects": b'{"data":' * 100_000,
    "more than 20,000 values": b'{"data":[' + b"1," * 20_000 + b"1]}",
    "100,000 texts without end": b'{"data":["' + b'","' * 100_000,
    "a number of 1,000 digits": b'{"data":' + b"9" * 1000 + b"}",
    "a number of a million digits": b'{"data":' + b"9" * 1_000_000 + b"}",
    "beyond a double": b'{"data":1e999}',
    "a million zeros behind the point": b'{"data":0.' + b"0" * 1_000_000 + b"}",
    "NaN": b'{"data":NaN}',
    "infinity": b'{"data":Infinity}',
    "minus infinity": b'{"data":-Infinity}',
    "half of it": b'{"data":{"name":',
    "more than one": b"{}{}",
    "single quotes": b"{'data':{}}",
    "a comment": b'{"data":{} /* x */}',
    "trailing comma": b'{"data":{},}',
    "line break in a text": b'{"data":{"name":"a\nb"}}',
    "gzip": b"{\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "every byte": b"{" + bytes(range(256)),
}


@pytest.mark.parametrize("raw", NO_JSON.values(), ids=NO_JSON)
@pytest.mark.parametrize("operation", WITH_BODY)
def test_body_that_not_everyone_reads_alike_is_refused(
    ask: Ask, operation: str, raw: bytes
) -> None:
    good = GOOD[operation]
    response = ask(request(f"{good.method} {good.path}", body=raw))
    expected = (
        (403, ["Invalid json payload"])
        if "/relationships/" in good.path
        else (400, ["Bad Request"])
    )
    assert (response.status, response.titles) == expected


@pytest.mark.parametrize(
    "number", [b"18446744073709551616", b"-9223372036854775809", b"9" * 300, b"1e300", b"1e-999"]
)
def test_number_that_only_a_double_holds_is_read_as_one(ask: Ask, number: bytes) -> None:
    attribute = b'{"type":"float","value":' + number + b"}"
    body = b'{"data":{"name":"New","custom_attributes":{"n":' + attribute + b"}}}"
    response = ask(request("POST /v2/carts", body=body))
    assert response.status == 201
    kept = response.json["data"]["custom_attributes"]["n"]["value"]
    assert kept == float(number)


@pytest.mark.parametrize("operation", GOOD)
@pytest.mark.parametrize("how", ["at once", "in chunks"])
def test_body_of_more_than_a_mebibyte_is_too_large(ask: Ask, operation: str, how: str) -> None:
    start = f"{GOOD[operation].method} {GOOD[operation].path}"
    body = GOOD_CART.ljust(MEBIBYTE + 1)  # the first mebibyte of it is a body already
    raw = request(start, body=body) if how == "at once" else chunked(start, body)
    response = ask(raw)
    assert (response.status, response.titles) == (413, ["Payload Too Large"])


def test_body_without_end_is_too_large_as_well(ask: Ask) -> None:
    response = ask(chunked("POST /v2/carts", GOOD_CART, *[b" " * MEBIBYTE] * 8))
    assert (response.status, response.titles) == (413, ["Payload Too Large"])


def test_body_in_chunks_may_have_a_mebibyte(ask: Ask) -> None:
    assert ask(chunked("POST /v2/carts", GOOD_CART.ljust(MEBIBYTE))).status == 201


def test_body_in_the_smallest_chunks_is_read(ask: Ask) -> None:
    assert ask(chunked("POST /v2/carts", *(bytes([each]) for each in GOOD_CART))).status == 201


def test_body_may_wait_for_the_word_to_come(connect: Connect) -> None:
    with connect() as connection:
        length = b"Content-Length: %d" % len(GOOD_CART)
        connection.sendall(request("POST /v2/carts", b"Expect: 100-continue", length))
        assert [response.status for response in parse_responses(connection.recv(65536))] == [100]
        connection.sendall(GOOD_CART)
        assert [response.status for response in parse_responses(received(connection))] == [201]


def test_body_that_is_too_large_is_not_waited_for(ask: Ask) -> None:
    response = ask(request("POST /v2/carts", b"Expect: 100-continue", b"Content-Length: 9999999"))
    assert (response.status, response.titles) == (413, ["Payload Too Large"])


@pytest.mark.parametrize("sent", [b'{"data', b"{}", b'{"data":{"id":"half-sent","name":"x"}}'])
def test_body_that_ends_before_its_length_is_refused(ask: Ask, sent: bytes) -> None:
    response = ask(
        request("POST /v2/carts", b"Content-Length: 100", body=sent),
        then_close=True,
    )
    assert (response.status, response.titles) == (400, ["Bad Request"])
    assert ask(request("DELETE /v2/carts/half-sent")).titles == ["Not Found"]  # nothing was made


def test_chunk_that_ends_before_its_length_is_refused(ask: Ask) -> None:
    raw = request("POST /v2/carts", b"Transfer-Encoding: chunked") + b'ff\r\n{"data'
    response = ask(raw, then_close=True)
    assert (response.status, response.titles) == (400, ["Bad Request"])


def test_head_that_ends_early_is_no_request(talk: Callable[..., list[Response]]) -> None:
    assert talk(b"GET /v2/carts HTTP/1.1\r\nHost: x\r\nAuthoriz", then_close=True) == []


def test_client_may_go_away_at_any_byte(connect: Connect) -> None:
    raw = request("POST /v2/carts", body=GOOD_CART)
    reset = struct.pack("ii", 1, 0)  # the connection is torn down instead of ended
    for end in range(0, len(raw), 7):
        with connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            connection.sendall(raw[:end])


def test_slow_senders_keep_nobody_else_waiting(connect: Connect, ask: Ask) -> None:
    slow = [connect() for _ in range(40)]
    for connection in slow:
        connection.sendall(request("POST /v2/carts", b"Content-Length: 100", body=b"{"))
    assert ask(request(f"GET {FREE_CART}")).status == 200
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("media_type", [b";;;=", b"", b"/", b"text/plain", b"application/\xff"])
def test_media_type_may_be_anything(ask: Ask, media_type: bytes) -> None:
    response = ask(request("POST /v2/carts", b"Content-Type: " + media_type, body=GOOD_CART))
    assert response.status in (201, 415)
    assert response.status == 201 or response.titles == ["Unsupported Media Type"]


# --- framing

UNREADABLE = {
    "two lengths": request("POST /v2/carts", b"Content-Length: 4", b"Content-Length: 5") + b"{}   ",
    "negative length": request("POST /v2/carts", b"Content-Length: -1"),
    "length in words": request("POST /v2/carts", b"Content-Length: two") + b"{}",
    "length beyond 64 bits": request("POST /v2/carts", b"Content-Length: " + b"9" * 30) + b"{}",
    "a coding that ends nowhere": request("POST /v2/carts", b"Transfer-Encoding: gzip") + b"{}",
    "chunk without a size": request("POST /v2/carts", b"Transfer-Encoding: chunked") + b"zz\r\n{}",
    "chunk beyond 64 bits": request("POST /v2/carts", b"Transfer-Encoding: chunked")
    + b"f" * 30
    + b"\r\n{}\r\n0\r\n\r\n",
    "length and chunks": request(
        "POST /v2/carts", b"Content-Length: 9", b"Transfer-Encoding: chunked"
    )
    + b"0\r\n\r\n",
    "101 headers": request("GET /v2/carts", *(b"X-%d: x" % number for number in range(101))),
    "a header of a megabyte": request("GET /v2/carts", b"X-Padding: " + b"x" * 1_000_000),
    "a target of 70 kB": request("GET /v2/carts/" + "x" * 70_000),
    "header without a colon": request("GET /v2/carts", b"colon"),
    "header with a space": request("GET /v2/carts", b"X Y: z"),
    "header without a name": request("GET /v2/carts", b": z"),
    "NUL in a header": request("GET /v2/carts", b"X: a\0b"),
    "control character in a header": request("GET /v2/carts", b"X: a\x01b"),
    "folded header": request("GET /v2/carts", b"X: a\r\n b"),
    "bare bytes in the path": request(b"GET /v2/carts/\xff\xfe"),
    "bare bytes in the query": request(b"GET /v2/carts?filter=\xff"),
    "bare bytes as a method": request(b"G\xffT /v2/carts"),
    "relative target": request("GET v2/carts"),
    "no target": request("GET  HTTP/1.1"),
    "HTTP/0.9": b"GET /v2/carts\r\n\r\n",
    "HTTP/2.0 in words": request("GET /v2/carts HTTP/2.0"),
    "HTTP/9.9": request("GET /v2/carts HTTP/9.9"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50) + b"\r\n\r\n",
    "every byte": bytes(range(256)) + b"\r\n\r\n",
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_request_is_refused(ask: Ask, raw: bytes) -> None:
    assert ask(raw).status in ANY_REFUSAL


@pytest.mark.parametrize("path", ["/v2/carts", FREE_CART, "/nowhere", "/__admin/health"])
@pytest.mark.parametrize(
    "padding",
    [[b"X: " + b"x" * 40_000], [b"X-%d: " % number + b"x" * 400 for number in range(90)]],
    ids=["one header", "90 headers"],
)
def test_headers_of_more_than_32_kib_are_too_large(
    ask: Ask, path: str, padding: list[bytes]
) -> None:
    response = ask(request(f"GET {path}", *padding))
    assert (response.status, response.titles) == (431, ["Request Header Fields Too Large"])


# --- several requests on one connection


def test_requests_in_one_packet_are_answered_in_their_order(
    talk: Callable[..., list[Response]],
) -> None:
    def going_on(raw: bytes) -> bytes:
        return raw.replace(b"Connection: close\r\n", b"")

    raw = b"".join(
        (
            HEALTH,
            going_on(request("POST /v2/carts", body=b'{"data')),
            going_on(request("GET /nowhere", body=HEALTH)),
            going_on(request("BREW /v2/carts", body=HEALTH * 100)),
            going_on(chunked("POST /v2/carts", GOOD_CART)),
            request("GET /v2/settings/cart"),
        )
    )
    assert [each.status for each in talk(raw)] == [200, 400, 404, 405, 201, 200]


@pytest.mark.parametrize("how", ["at once", "in chunks", "in broken chunks"])
def test_body_that_was_refused_is_never_read_as_a_request(
    talk: Callable[..., list[Response]], how: str
) -> None:
    smuggled = HEALTH * (2 * MEBIBYTE // len(HEALTH))
    chunks = request("POST /v2/carts", b"Transfer-Encoding: chunked")
    raw = {
        "at once": request("POST /v2/carts", body=smuggled),
        "in chunks": chunked("POST /v2/carts", smuggled),
        "in broken chunks": chunks + b"zz\r\n" + HEALTH * 5,
    }[how].replace(b"Connection: close\r\n", b"", 1)
    [response] = talk(raw)
    assert response.status == (400 if how == "in broken chunks" else 413)


# --- targets

ODD_TARGETS = {
    "/v2/carts/%ff%fe": 400,
    "/v2/carts/%zz": 400,
    "/v2/carts/%": 400,
    "/v2/carts/%00": 400,
    "/v2/carts/%0d%0aX:%20y": 400,
    "/v2/carts/%0aFAKE%1b[31m%c2%85%e2%80%a8": 400,
    "/v2/carts/free-cart%0a": 400,
    "/v2/carts/%F0%9F%9B%92": 400,
    "/v2/carts/" + "x" * 256: 400,
    "/v2/carts/" + "x" * 20_000: 400,
    "/v2/carts/%3Cscript%3E": 400,
    "/v2/carts/a%2Fb": 404,
    "/v2/carts/../../etc/passwd": 404,
    "/v2/carts/..%2f..%2fetc%2fpasswd": 404,
    "/v2/carts\\x": 404,
    "/%0aFAKE": 404,
    "/%": 404,
    "/v2/carts;x=y": 404,
    "*": 404,
    "/v2/accounts/%00": 400,
    "/v2/accounts/%ff": 400,
    "/v2/carts?page[limit]=%ff": 400,
    "/v2/carts?page[limit]=%00": 400,
    "/v2/carts?page[limit]=1e3": 400,
    "/v2/carts?page[limit]=%D9%A1": 400,
    "/v2/carts?page[limit]=" + "9" * 20_000: 400,
    "/v2/carts?page[offset]=-1": 400,
    "/v2/carts?filter=%zz%00%ff": 400,
    "/v2/carts?filter=" + "(" * 20_000: 400,
    "/v2/carts?filter=ilike(name,%22%ff%ed%a0%80%22)": 200,
    "/v2/carts?include=%ff,%00,,,": 200,
    "/v2/carts?%ff=%fe&&&=&=": 200,
    "/v2/carts?" + "x=y&" * 10_000: 200,
    "/v2/carts?__code=%ff": 400,
    "/v2/carts?__code=999&__example=%0d%0aX:y": 400,
    "/v2/carts#fragment": 200,
    "/v2//carts": 200,
    "http://elsewhere.example/v2/carts": 200,
    "https://elsewhere.example:99999/v2//carts": 200,
    "ftp://elsewhere.example/v2/carts": 200,
    "http://elsewhere.example/nowhere": 404,
}


@pytest.mark.parametrize(
    ("target", "status"), ODD_TARGETS.items(), ids=[each[:40] for each in ODD_TARGETS]
)
def test_odd_target_is_answered_as_the_api_does(ask: Ask, target: str, status: int) -> None:
    response = ask(request(f"GET {target}"))
    assert response.status == status
    assert response.titles if status >= 400 else "data" in response.json


@pytest.mark.parametrize("method", ["BREW", "TRACE", "QUERY", "PATCH", "OPTIONS", "M" * 5000])
def test_unknown_method_gets_the_allowed_ones(ask: Ask, method: str) -> None:
    response = ask(request(f"{method} /v2/carts"))
    assert (response.status, response.titles) == (405, ["Method Not Allowed"])
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("line", ["CONNECT elsewhere.example:80", "OPTIONS *", "TRACE /nowhere"])
def test_method_of_a_proxy_finds_nothing_here(ask: Ask, line: str) -> None:
    assert ask(request(line)).titles == ["Not Found"]


# --- headers


def own_link(ask: Ask, host: bytes, version: str = "HTTP/1.1") -> str:
    response = ask(request(f"GET /v2/settings/cart {version}", host=host))
    assert response.status == 200
    link: str = response.json["links"]["self"]
    return link


@pytest.mark.parametrize(
    "host",
    [
        *(b"a b", b"<script>", b"x:999999", b"x:y", b":80", b"x/y?z#", b"user@x", b"[::1", b"::1"),
        *(b"\xff", "ä.example".encode(), b'"', b"x,y", b"x\\y", b"%0d%0a", b"-" * 20_000 + b"!"),
    ],
)
def test_host_that_is_none_is_no_part_of_a_link(
    ask: Ask, server: RunningServer, host: bytes
) -> None:
    own = server.url.replace("localhost", "127.0.0.1")
    assert own_link(ask, host) == f"{own}/v2/settings/cart"


def test_request_may_have_no_host(ask: Ask, server: RunningServer) -> None:
    own = server.url.replace("localhost", "127.0.0.1")
    assert own_link(ask, b"", "HTTP/1.0") == f"{own}/v2/settings/cart"


@pytest.mark.parametrize("host", ["mock_server:8080", "Shop.Example", "[::1]:8080", "10.0.0.1:1"])
def test_links_name_every_host_that_can_be_one(ask: Ask, host: str) -> None:
    assert own_link(ask, host.encode()) == f"http://{host}/v2/settings/cart"


def test_host_whose_name_is_too_long_is_refused(ask: Ask) -> None:
    response = ask(request("GET /v2/carts", host=b"x" * 5000))
    assert (response.status, response.titles) == (400, ["Bad Request"])


def test_absurd_host_opens_the_admin_api_to_no_other_page(ask: Ask) -> None:
    for origin in (b"null", b"", b"http://"):
        response = ask(request("POST /__admin/reset", b"Origin: " + origin, host=b"a b"))
        assert (response.status, response.titles) == (403, ["Forbidden"])


@pytest.mark.parametrize("value", [b"\xe4\xff", "ä€🛒".encode(), b"\x80", b"\t", b"", b",;=\"'\\"])
@pytest.mark.parametrize(
    "name",
    [
        *("X-Anything", "Accept", "Accept-Encoding", "Cookie", "Range", "If-None-Match", "Origin"),
        *(
            "If-Modified-Since",
            "User-Agent",
            "Referer",
            "X-Forwarded-Host",
            "X-HTTP-Method-Override",
        ),
        *("Prefer", "Content-Encoding", "Upgrade"),
    ],
)
def test_header_of_no_meaning_changes_nothing(ask: Ask, name: str, value: bytes) -> None:
    assert ask(request(f"GET {FREE_CART}", name.encode() + b": " + value)).status == 200


@pytest.mark.parametrize("value", [b"\xe4\xff", "Bearer ä".encode(), b"Bearer", b"", b"Basic \x80"])
def test_bearer_that_is_no_text_is_refused(ask: Ask, value: bytes) -> None:
    response = ask(request(f"GET {FREE_CART}", b"Authorization: " + value))
    assert (response.status, response.titles) == (401, ["Unable to validate access token"])


@pytest.mark.parametrize("value", [b"x", b",", b"account-1,account-2", b"a.b.c", b"'", b"x" * 9000])
def test_account_token_of_any_text_is_refused(ask: Ask, value: bytes) -> None:
    response = ask(request(f"GET {FREE_CART}", f"{ACCOUNT_TOKEN}: ".encode() + value))
    assert (response.status, response.titles) == (401, ["Unable to validate access token"])


def test_preference_without_end_is_read(ask: Ask) -> None:
    preferences = b",".join([b"a=b"] * 7000)
    assert ask(request(f"GET {FREE_CART}", b"Prefer: " + preferences)).status == 200


@pytest.mark.parametrize("asked", [b"\xe4\xff", b"\t,", b"*", b"x" * 20_000])
def test_preflight_allows_any_header(ask: Ask, asked: bytes) -> None:
    headers = (b"Origin: x", b"Access-Control-Request-Method: GET")
    requested = b"Access-Control-Request-Headers: " + asked
    assert ask(request("OPTIONS /v2/carts", *headers, requested)).status == 204

"""What does an open dashboard cost the API?  `python -m benchmarks.dashboard`

One client sends requests as fast as it can, in turns with and without a page that follows the
journal: it keeps the stream open, and reads the journal anew at most twice a second.
"""

import http.client
import threading
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

from mockserver.launcher import running_server

ROUNDS = 6
SECONDS = 2.0
EVERY_S = 0.5
GET = {"method": "GET", "url": "/v2/carts/free-cart", "headers": {"Authorization": "Bearer admin"}}


def requests_per_second(address: str) -> float:
    """Return how many requests one connection gets answered."""
    connection = http.client.HTTPConnection(address)
    start, done = perf_counter(), 0
    while perf_counter() - start < SECONDS:
        connection.request(**GET)
        connection.getresponse().read()
        done += 1
    connection.close()
    return done / (perf_counter() - start)


def follow(address: str, closed: threading.Event) -> None:
    """Do what an open page does, until it is closed."""
    stream = http.client.HTTPConnection(address)
    stream.request("GET", "/ui/stream")
    events = stream.getresponse()
    page = http.client.HTTPConnection(address)
    while not closed.wait(EVERY_S):
        events.readline()
        page.request("GET", "/ui/journal")
        page.getresponse().read()
    stream.close()
    page.close()


def main() -> None:
    """Print both rates and their ratio."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    with running_server() as server:
        address = urlsplit(server.url).netloc
        requests_per_second(address)
        for _ in range(ROUNDS):
            for is_open in rates:
                closed = threading.Event()
                page = threading.Thread(target=follow, args=(address, closed))
                if is_open:
                    page.start()
                rates[is_open].append(requests_per_second(address))
                closed.set()
                if is_open:
                    page.join()
    without, with_one = median(rates[False]), median(rates[True])
    print(
        f"requests/s: {without:.0f} without a page open, {with_one:.0f} with one: "
        f"ratio {with_one / without:.3f}"
    )


if __name__ == "__main__":
    main()

"""How long until the first answer, beside a bare Flask app on the same server?

    python -m benchmarks.startup

Each round starts both, one after the other, and asks until they answer.
"""

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from statistics import median
from time import perf_counter, sleep

ROUNDS = 5
PATIENCE = 60
BARE = """
import sys
import flask
from granian.constants import Interfaces
from granian.server.mp import MPServer

app = flask.Flask("bare")
app.add_url_rule("/", "root", lambda: "up")
server = MPServer("bare", port=int(sys.argv[1]), interface=Interfaces.WSGI, log_enabled=False)
server.serve(target_loader=lambda *_: app, wrap_loader=False)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def seconds_to_first_answer(*command: str, port: int, path: str) -> float:
    start = perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not answers(f"http://127.0.0.1:{port}{path}"):
            assert process.poll() is None, "it stopped"
            assert perf_counter() - start < PATIENCE, "it does not answer"
            sleep(0.002)
        return perf_counter() - start
    finally:
        process.terminate()
        process.wait(PATIENCE)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):
            return True
    except urllib.error.URLError:
        return False


def main() -> None:
    ours, bare = [], []
    for _ in range(ROUNDS):
        port = free_port()
        bare.append(seconds_to_first_answer("-c", BARE, str(port), port=port, path="/"))
        port = free_port()
        serve = ("-m", "mockserver", "--port", str(port))
        ours.append(seconds_to_first_answer(*serve, port=port, path="/__admin/health"))
    print(f"mockserver: {median(ours):.2f} s, a bare Flask app: {median(bare):.2f} s (medians)")
    print(f"ratio {median(ours) / median(bare):.2f}")


if __name__ == "__main__":
    main()

"""The worker stops on a signal, however early, and runs its stop hooks before."""

import subprocess
import sys

import httpx
import pytest

from tests.conftest import running_server
from tests.support.built_in_data import ADMIN

WORKER = """
import os, signal, sys, threading, time
from mockserver.server.lifecycle import WorkerLifecycle

def say(text): os.write(1, (text + "\\n").encode())  # two threads may speak at once

class LifecycleHook:
    grace_seconds = 1
    def start(self, app): say("start " + app)
    def stop(self): say("stop")

ended, heard = threading.Event(), threading.Event()
def on_stop(app): say("stopping " + app); heard.set()
WorkerLifecycle([LifecycleHook()], on_stop, GRACE_SECONDS).start("app")
def end(*_): say("ended"); ended.set()
"""
EARLY = """
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(0.2)
signal.signal(signal.SIGTERM, end)
ended.wait()
heard.wait()
"""
IN_TIME = """
signal.signal(signal.SIGINT, end)
os.kill(os.getpid(), signal.SIGINT)
ended.wait()
heard.wait()
"""
ELSEWHERE = """
def hear_in_another_thread():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
signal.signal(signal.SIGTERM, end)
threading.Thread(target=hear_in_another_thread).start()
ended.wait()
heard.wait()
"""
NEVER = """
signal.signal(signal.SIGTERM, lambda *_: None)
os.kill(os.getpid(), signal.SIGTERM)
while True: time.sleep(1)
"""


@pytest.mark.parametrize(
    ("end", "grace_seconds", "said"),
    [
        (EARLY, 30, {"stopping app", "ended"}),
        (IN_TIME, 30, {"stopping app", "ended"}),
        (ELSEWHERE, 30, {"stopping app", "ended"}),
        (NEVER, 0.2, {"stopping app", "stop"}),
    ],
    ids=["too early", "in time", "while the main thread waits", "never"],
)
def test_worker_stops_on_a_signal(end: str, grace_seconds: float, said: set[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WORKER.replace("GRACE_SECONDS", str(grace_seconds)) + end],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stderr == ""
    assert run.returncode == 0
    first, *lines = run.stdout.splitlines()
    assert first == "start app"
    assert said <= set(lines)


def test_stopped_server_logs_its_last_requests() -> None:
    """Log lines are written in batches, so they may still be pending."""
    with running_server() as server:
        for number in range(5):
            httpx.get(f"{server.url}/v2/carts/unknown-{number}", headers=ADMIN)
        assert server.stop() == 0
    log = "".join(server.errors)
    assert [number for number in range(5) if f"/v2/carts/unknown-{number} " not in log] == []

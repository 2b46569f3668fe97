"""The worker ends when it is told to, however early, and does what is to be done before."""

import subprocess
import sys

import httpx
import pytest

from tests.conftest import running_server
from tests.seeds import ADMIN

WORKER = """
import os, signal, sys, threading, time
from mockserver.server.lifecycle import WorkerLifecycle

def say(text): os.write(1, (text + "\\n").encode())  # two threads may speak at once

class LifecycleHook:
    grace_seconds = 1
    def begin(self, app): say("begin " + app)
    def finish(self): say("finish")

ended, heard = threading.Event(), threading.Event()
def told(app): say("told " + app); heard.set()
WorkerLifecycle([LifecycleHook()], told, PATIENCE).begin("app")
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
        (EARLY, 30, {"told app", "ended"}),
        (IN_TIME, 30, {"told app", "ended"}),
        (ELSEWHERE, 30, {"told app", "ended"}),
        (NEVER, 0.2, {"told app", "finish"}),
    ],
    ids=["too early", "in time", "while the main thread waits", "never"],
)
def test_worker_ends_when_it_is_told_to(end: str, grace_seconds: float, said: set[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WORKER.replace("PATIENCE", str(grace_seconds)) + end],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stderr == ""
    assert run.returncode == 0
    first, *others = run.stdout.splitlines()
    assert first == "begin app"
    assert said <= set(others)


def test_a_server_that_is_told_to_stop_logs_its_last_answers() -> None:
    """They may be waiting for others then: lines are written together."""
    with running_server() as server:
        for number in range(5):
            httpx.get(f"{server.url}/v2/carts/unknown-{number}", headers=ADMIN)
        assert server.stop() == 0
    log = "".join(server.errors)
    assert [number for number in range(5) if f"/v2/carts/unknown-{number} " not in log] == []

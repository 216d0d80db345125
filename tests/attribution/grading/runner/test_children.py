"""Waiting for a child, on systems that can and cannot announce its end."""

import subprocess
import sys

import pytest

_RUN = """
import os, time
from attribution.grading.runner import children

class Client:
    def __init__(self): self.reader, self.writer = os.pipe()
    def fileno(self): return self.reader
    def handle(self): raise AssertionError

def work(report):
    os.write(report, b"x" * 10)

def run(work, seconds=60.0):
    ended = children.run(work, lambda elapsed: elapsed > seconds, client)
    return len(ended.report), ended.exit_code

client = Client()
print(run(work), run(lambda report: os._exit(3)), run(lambda report: time.sleep(600), 0.1))
print(len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else None)
run(work)
print(len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else None)
"""
_FORBIDDEN = """
import os
def forbidden(pid): raise PermissionError
os.pidfd_open = forbidden
"""
_MISSING = """
import os
if hasattr(os, "pidfd_open"): del os.pidfd_open
"""


@pytest.mark.parametrize("system", ["", _FORBIDDEN, _MISSING])
def test_report_and_end_of_a_child(system: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", system + _RUN],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    ends, before, after = done.stdout.splitlines()

    assert ends == "(10, 0) (0, 3) (0, None)"
    assert before == after  # no descriptor stays open

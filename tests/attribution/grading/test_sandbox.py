"""What a program inside the runner can reach, and that grading works without bubblewrap."""

import os
import socket
from pathlib import Path

import pytest

from attribution.grading import sandbox
from attribution.grading.grader import Grader
from tests.attribution.grading.conftest import HUMANEVAL, write_tasks

HEAD = "def last(items):\n"


def _sandboxed() -> bool:
    return isinstance(sandbox.choose(), sandbox.Bubblewrap)


needs_bubblewrap = pytest.mark.skipif(
    not _sandboxed(), reason=f"only {sandbox.choose().describe()}"
)


def _see(grader: Grader, body: str) -> str:
    """What the body returns or raises, from inside."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    verdict = grader.grade("HumanEval/0", HEAD + indented)
    return verdict.actual or verdict.exception or verdict.message


@needs_bubblewrap
def test_no_network(grader: Grader) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        seen = _see(
            grader, f"import socket\nreturn socket.create_connection(('127.0.0.1', {port}), 0.5)"
        )
    assert "refused" in seen or "unreachable" in seen


@needs_bubblewrap
def test_files_of_the_user_are_not_there(grader: Grader, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")

    for path in (secret, Path.home() / ".bashrc", Path("/etc/passwd")):
        seen = _see(grader, f"import io\nreturn io.open({str(path)!r}).read()")
        assert "FileNotFoundError" in seen


@needs_bubblewrap
def test_only_the_private_folder_can_be_written(grader: Grader, tmp_path: Path) -> None:
    package = Path(sandbox.PACKAGE, "planted.py")
    for path in (package, Path("/planted"), Path("/usr/planted"), tmp_path / "planted"):
        seen = _see(grader, f"import io\nreturn io.open({str(path)!r}, 'w').write('x')")
        assert "Read-only" in seen or "FileNotFoundError" in seen or "PermissionError" in seen
        assert not path.exists()

    name = "/tmp/planted-by-a-test"
    assert _see(grader, f"import io\nreturn io.open({name!r}, 'w').write('xyz')") == "3"
    assert not Path(name).exists()


@needs_bubblewrap
def test_no_capabilities_and_no_other_processes(grader: Grader) -> None:
    seen = _see(
        grader,
        "import io\nreturn [s for s in io.open('/proc/self/status') if s.startswith('CapEff')]",
    )
    effective = eval(seen)[0].split()[1]
    assert int(effective, 16) == 0

    processes = _see(
        grader, "import posix\nreturn [p for p in posix.listdir('/proc') if p.isdigit()]"
    )
    assert len(eval(processes)) <= 4  # bubblewrap, the runner, this program


@needs_bubblewrap
@pytest.mark.skipif(os.getuid() == 0, reason="the kernel does not count root's processes")
def test_number_of_processes_is_limited(grader: Grader) -> None:
    body = (
        "import posix, time\n"
        "for number in range(200):\n"
        "    try:\n"
        "        if posix.fork() == 0: time.sleep(60)\n"
        "    except OSError: break\n"
        "return number"
    )
    assert 0 < int(_see(grader, body)) < 64


def test_file_size_is_limited(grader: Grader) -> None:
    body = (
        "import tempfile\n"
        "with tempfile.TemporaryFile() as file:\n"
        "    while True: file.write(b'x' * 2**20)"
    )
    assert "SIGXFSZ" in _see(grader, body) or "OSError" in _see(grader, body)


def test_descriptors_are_limited_and_none_leads_to_the_grader(grader: Grader) -> None:
    body = (
        "import posix\n"
        "opened = []\n"
        "for number in range(200):\n"
        "    try: opened.append(posix.dup(0))\n"
        "    except OSError: break\n"
        "return min(opened), len(opened)"
    )
    first, count = eval(_see(grader, body))
    assert first == 4  # after the standard streams and the report
    assert count <= 60


def test_works_with_resource_limits_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", write_tasks(tmp_path / "h.jsonl", HUMANEVAL))
    grader = Grader(sandbox.ResourceLimits("a test"))
    try:
        assert grader.grade(
            "HumanEval/0", HEAD + "    return items[-1] if items else None\n"
        ).passed
        assert not grader.grade("HumanEval/0", HEAD + "    return None\n").passed
        assert "a test" in grader.describe_sandbox()
        assert "network" in grader.describe_sandbox()
    finally:
        grader.close()


def test_missing_bubblewrap_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install bubblewrap" in sandbox.choose.__wrapped__().describe()


def test_bubblewrap_that_does_not_work_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """User namespaces may be forbidden: bwrap is there and fails."""
    broken = tmp_path / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: no permissions to create new namespace' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = sandbox.choose.__wrapped__()

    assert isinstance(found, sandbox.ResourceLimits)
    assert "no permissions" in found.describe()

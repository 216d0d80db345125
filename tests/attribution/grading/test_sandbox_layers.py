"""The sandbox that a user chooses, and what happens where it does not work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution.errors import InvalidRequest, SandboxUnavailable
from attribution.grading import sandbox
from attribution.grading.grader import Grader
from attribution.schema import SANDBOXES

CODE = 'def f():\n    """\n    >>> f()\n    1\n    """\n    return 1\n'


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Grader]:
    """A grader of the test's own, in a process that has not yet tried any layer out."""
    sandbox.choose.cache_clear()
    grader = Grader()
    yield grader
    grader.close()
    monkeypatch.undo()
    sandbox.choose.cache_clear()


def test_the_limits_alone_can_be_chosen(own: Grader) -> None:
    own.shut_into("limits")
    assert own.describe_sandbox().startswith("resource limits only (as it was set)")
    assert own.grade(own.examples("f", CODE).task_id, CODE).passed


def test_another_layer_takes_another_runner(own: Grader) -> None:
    own.shut_into("limits")
    own.examples("f", CODE)
    first = own._runner
    own.shut_into("limits")
    assert own._runner is first
    own.shut_into("auto")
    task = own.examples("f", CODE)
    assert first is not None
    assert not first.alive
    assert own.grade(task.task_id, CODE).passed


def test_a_layer_that_does_not_work_is_never_replaced_by_a_weaker_one(
    own: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho no namespaces here >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    own.shut_into("auto")
    assert "bubblewrap does not work here: no namespaces" in own.describe_sandbox()
    with pytest.raises(SandboxUnavailable, match=r"`bubblewrap` does not work here: .*namespaces"):
        own.shut_into("bubblewrap")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SandboxUnavailable, match=r"not installed.*Nothing was run"):
        own.shut_into("bubblewrap")


@pytest.mark.skipif(
    not isinstance(sandbox.choose(), sandbox.Bubblewrap), reason=sandbox.choose().describe()
)
def test_what_was_mended_meanwhile_works(own: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setenv("PATH", "")
        with pytest.raises(SandboxUnavailable):
            own.shut_into("bubblewrap")
    own.shut_into("bubblewrap")
    assert own.describe_sandbox().startswith("bubblewrap: ")


def test_there_are_no_other_layers(own: Grader) -> None:
    assert sandbox.named(SANDBOXES[0]) == sandbox.choose()
    with pytest.raises(InvalidRequest, match="choose auto, bubblewrap, limits"):
        own.shut_into("docker")

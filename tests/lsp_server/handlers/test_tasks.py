"""Files that no path calls a sample: tasks named by command, and examples in docstrings."""

import time

import pytest
from lsprotocol import types as lsp

from attribution.ipc.wire import Done
from attribution.schema import Progress
from lsp_server.documents.doctests import functions_with_examples
from lsp_server.documents.snapshot import Snapshot
from lsp_server.documents.tasks import AssignedTasks
from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Peer
from tests.lsp_server.samples import CODE, FAILING, PASSING

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLES = '''import math
# a comment

def double(x):
    """Twice as much.
    >>> double(2)
    4
    """
    return x + x


def plain(x):
    return x
'''


def names(text: str) -> list[str]:
    snapshot = Snapshot("file:///w/any.py", 1, text)
    functions = functions_with_examples(snapshot)
    names = [function.name for function in functions]
    assert [text[slice(*function.span)] for function in functions] == names
    return names


async def test_functions_with_examples_are_found() -> None:
    assert names(EXAMPLES) == ["double"]
    assert names(EXAMPLES.replace("\n", "\r\n")) == ["double"]
    assert names(EXAMPLES + EXAMPLES.replace("double", "twice")) == ["double", "twice"]
    assert names(EXAMPLES.replace(">>> double", ">>> other")) == []
    assert names("class A:\n    def f():\n        '''\n        >>> f()\n        '''\n") == []
    assert names("") == []


async def test_blank_lines_cost_no_time() -> None:
    begun = time.process_time()
    assert names("def f():" + "\n" * 100_000 + "    >>> f()\n") == ["f"]
    assert names("def f():" + "\n" * 100_000 + "    >>> g()\n") == []
    assert time.process_time() - begun < 2


async def test_the_task_before_a_wrong_one_counts_again() -> None:
    snapshot, tasks = Snapshot("file:///w/HumanEval_3/0.py", 1, ""), AssignedTasks()
    assert tasks.take_back(snapshot) == "HumanEval/3"
    for name in ("Mbpp/2", "Mbpp/2", "Mbpp/999"):
        tasks.assign(snapshot, name)
    assert tasks.task_id(snapshot) == "Mbpp/999"
    assert [tasks.take_back(snapshot) for _ in range(3)] == ["Mbpp/2"] + 2 * ["HumanEval/3"]


async def test_examples_are_offered_and_run_only_when_asked(driver: Driver, peer: Peer) -> None:
    uri = "file:///w/offered.py"
    driver.open(uri, EXAMPLES)
    (lens,) = await driver.lenses(uri)
    assert lens.range.start == lsp.Position(3, 4)
    assert peer.requests.empty()
    assert lens.command is not None
    await driver.command(lens.command.command, *(lens.command.arguments or ()))
    received = await peer.next_request()
    assert (received.request.task_id, received.request.code) == ("Doctest/double", EXAMPLES)
    received.send(PASSING, Done())
    assert list((await driver.published()).diagnostics) == []


async def test_a_file_with_examples_needs_no_name(driver: Driver, peer: Peer) -> None:
    uri = "file:///w/unnamed.py"
    driver.open(uri, EXAMPLES)
    assert await driver.command("tokenblame.explain", uri) == {"version": 1}
    first = await peer.next_request()
    assert first.request.task_id == "Doctest/double"
    driver.insert(uri, 2, "\n")
    assert (await peer.next_request()).request.task_id == "Doctest/double"


async def test_examples_of_other_functions_stay_offered(driver: Driver, peer: Peer) -> None:
    uri = "file:///w/two.py"
    driver.open(uri, EXAMPLES + EXAMPLES.replace("double", "twice"))
    await driver.command("tokenblame.explain", uri, {"taskId": "Doctest/double"})
    (await peer.next_request()).send(PASSING, Done())
    await driver.published()
    offered = "Run the examples of twice, explain a failure"
    assert await driver.titles(uri) == ["Passes its tests", offered]
    await driver.command("tokenblame.setTask", uri, {"taskId": "Mbpp/2"})
    (await peer.next_request()).send(PASSING, Done())
    await driver.published()
    assert await driver.titles(uri) == ["Passes its tests"]


async def test_who_types_is_not_interrupted(driver: Driver, peer: Peer) -> None:
    uri, message = "file:///w/typed.py", "`double` has no docstring with examples."
    driver.open(uri, EXAMPLES)
    await driver.command("tokenblame.explain", uri)
    (await peer.next_request()).fail("invalid_sample", message)
    assert message in await driver.message()
    driver.insert(uri, 2, "\n")
    received = await peer.next_request()
    received.send(Progress("Reading"))
    while (await driver.seen(driver.status))["message"] != "Reading":
        pass
    received.fail("invalid_sample", message)
    while (status := await driver.seen(driver.status))["state"] != "error":
        pass
    assert (status["message"], status["uri"]) == (message, uri)
    await driver.command("tokenblame.cancel")  # once answered, all has been said
    assert driver.messages.empty()


async def test_a_task_that_was_named_outlives_its_document(driver: Driver, peer: Peer) -> None:
    uri = "file:///w/named.py"
    driver.open(uri, CODE)
    named = await driver.command("tokenblame.setTask", uri, {"taskId": " Mbpp/2 "})
    assert named == {"version": 1}
    assert (await peer.next_request()).request.task_id == "Mbpp/2"
    driver.close(uri)
    driver.open(uri, CODE, version=7)
    assert (await peer.next_request()).request.task_id == "Mbpp/2"


async def test_what_can_be_no_id_is_refused_with_the_likely_one(driver: Driver, peer: Peer) -> None:
    uri = "file:///w/other.py"
    driver.open(uri, CODE)
    for wrong, says in (
        ("humaneval_65", "There is no task 'humaneval_65'. Did you mean HumanEval/65?"),
        ("HumanEval/065", "Did you mean HumanEval/65?"),
        ("nonsense", "Ids look like HumanEval/65 and Mbpp/2."),
        ("Doctest/2", "There is no task"),
        ("", "Which task does this file solve?"),
    ):
        assert await driver.command("tokenblame.setTask", uri, {"taskId": wrong}) is None
        assert says in await driver.message()
    assert peer.requests.empty()
    driver.save(uri)
    assert await driver.lenses(uri) == []  # it is no sample


async def test_an_id_that_the_engine_does_not_know_leaves_what_was(
    driver: Driver, peer: Peer
) -> None:
    uri = "file:///w/HumanEval_0/0.py"
    driver.open(uri, CODE)
    (await peer.next_request()).send(FAILING, Done())
    await driver.published()
    await driver.command("tokenblame.setTask", uri, {"taskId": "HumanEval/165"})
    received = await peer.next_request()
    received.fail(
        "unknown_task", "There is no task 'HumanEval/165'. The nearest are HumanEval/163."
    )
    assert "The nearest are HumanEval/163." in await driver.message()
    driver.save(uri)
    assert (await peer.next_request()).request.task_id == "HumanEval/0"


async def test_the_sandbox_takes_effect_at_once(driver: Driver, peer: Peer) -> None:
    driver.open("file:///w/HumanEval_0/0.py", CODE)
    first = await peer.next_request()
    assert first.request.sandbox == "auto"
    driver.configure(debounce=0, sandbox="limits")
    second = await peer.next_request()
    assert second.request.sandbox == "limits"
    message = "The sandbox `bubblewrap` does not work here: not installed. Nothing was run."
    second.fail("sandbox_unavailable", message)
    assert message in await driver.message()

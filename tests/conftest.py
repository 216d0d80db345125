"""What all tests share: EvalPlus' data where it is at hand, and an engine of the test's own."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from attribution.errors import EngineUnavailable
from attribution.ipc import client
from attribution.schema import StopRequest

settings.register_profile("any machine", deadline=None)  # nothing depends on a machine's speed
settings.load_profile("any machine")

_TESTS = Path(__file__).parent
_END_TO_END = "tests/e2e/"
_DATA = Path(__file__).parents[2] / "shared" / "data"
_PUBLISHED = {
    "HUMANEVAL_OVERRIDE_PATH": _DATA / "HumanEvalPlus.jsonl.gz",
    "MBPP_OVERRIDE_PATH": _DATA / "MbppPlus.jsonl.gz",
}


class _Rows(LoadScopeScheduling):
    """Slow tests run in two rows at once, each one by one: end-to-end tests, and all others.

    Two editors with an engine each would wait for each other. (Marks for xdist's `loadgroup` are
    no way: with pytest 9 it does not see them.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return "end to end" if nodeid.startswith(_END_TO_END) else "others"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return _Rows(config, log) if config.option.markexpr == "slow" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files anew, to be reviewed"
    )


Golden = Callable[[str, str], None]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with a golden file, in the folder `golden` beside the rooms of the tests.

    Files hold one line end more than the text. `pytest --update-golden` writes them anew.
    """
    folder = next(room for room in request.path.parents if room.parent == _TESTS) / "golden"

    def check(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{text}\n".encode())
        assert path.exists(), f"{path} is missing: --update-golden writes it"
        assert text == path.read_bytes().decode().removesuffix("\n")

    return check


@pytest.fixture(autouse=True, scope="session")
def evalplus_data() -> Iterator[None]:
    """Use the published data sets where they lie beside the checkout.

    Elsewhere EvalPlus' own cache and download serve, or the original HumanEval.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, path in _PUBLISHED.items():
            if name not in os.environ and path.exists():
                patch.setenv(name, str(path))
        yield


@pytest.fixture
def engine_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of the test's own: the engine that starts in it ends with the test."""
    folder = tmp_path / "run"
    monkeypatch.setenv("TOKENBLAME_RUNTIME_DIR", str(folder))
    yield folder
    asyncio.run(_stop_engine())


@pytest.fixture(scope="module")
def shared_engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same for all tests of a file: an engine takes seconds to import torch."""
    folder = tmp_path_factory.mktemp("engine")
    folder.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOKENBLAME_RUNTIME_DIR", str(folder))
        yield folder
        asyncio.run(_stop_engine())


async def _stop_engine() -> None:
    try:
        engine = await client.connect(start=False)
    except EngineUnavailable:
        return
    async with engine:
        async for _ in engine.stream(StopRequest()):
            pass

"""What all tests share: EvalPlus' data where it is at hand, and an engine of the test's own."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from attribution import client
from attribution.errors import EngineUnavailable
from attribution.schema import StopRequest

settings.register_profile("any machine", deadline=None)  # nothing depends on a machine's speed
settings.load_profile("any machine")

_END_TO_END = Path(__file__).parent / "e2e"
_DATA = Path(__file__).parents[2] / "shared" / "data"
_PUBLISHED = {
    "HUMANEVAL_OVERRIDE_PATH": _DATA / "HumanEvalPlus.jsonl.gz",
    "MBPP_OVERRIDE_PATH": _DATA / "MbppPlus.jsonl.gz",
}


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ and config.option.markexpr == "not slow":
        # A worker a core: more threads would starve one another.
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests run in two rows: those with an engine of their own, and all others.

    `--dist loadgroup` runs both rows at once. Two engines at a time would wait for each other.
    """
    for item in items:
        if item.get_closest_marker("slow"):
            row = "engines" if _END_TO_END in item.path.parents else "others"
            item.add_marker(pytest.mark.xdist_group(row))


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

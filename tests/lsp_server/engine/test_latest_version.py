"""Whatever happens in whatever order: what is shown is about the text as it is now.

The scheduler with everything behind it, in process; the editor and the engine are played. Every
answer of the engine quotes the text that it was asked about, so a stale one gives itself away.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import define, evolve, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from attribution.schema import Event, ExplainRequest, Form, MarginRequest, ScoredToken
from lsp_server.documents.cache import prompt_file
from lsp_server.documents.samples_file import samples_of
from lsp_server.documents.store import Documents
from lsp_server.engine.connection import Connection
from lsp_server.engine.scheduler import Scheduler
from lsp_server.features.code_lens import lenses_of, sample_line_lenses
from lsp_server.features.publish import Publisher
from lsp_server.handlers import explain_commands
from lsp_server.protocol.client import Editor
from lsp_server.protocol.converter import to_wire
from lsp_server.protocol.messages import EngineState, Relevance
from lsp_server.protocol.progress import WorkDone
from lsp_server.state.server_state import ServerState
from lsp_server.state.sessions import Sessions
from lsp_server.state.settings import Run, Settings
from tests.lsp_server.samples import CODE, FAILING, attribution, generation, margin, pair

SAMPLE = "file:///w/HumanEval_0/0.py"
FILE = "file:///w/samples.jsonl"
PROMPT = "the prompt of the sample"  # opened by its path in the cache
ORIGINAL = "Write f."


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where prompt documents are written."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("TOKENBLAME_CACHE_DIR", str(folder))
        yield folder


MARK = re.compile(r"<\d+/[^>]*>")


def mark(code: str, prompt: str | None) -> str:
    """What gives an answer about these texts away."""
    return f"<{code.rpartition('# ')[2]}/{'-'.join((prompt or '').split())}>"


def text_of(uri: str, number: int) -> str:
    """The texts of all versions differ, also within a line."""
    code = f"{CODE}# {number}"
    return code if uri == SAMPLE else json.dumps({"task_id": "HumanEval/1", "solution": code})


@define(eq=False)
class Stream:
    code: str
    prompt: str | None
    asks_margin: bool  # asked for Δℓ alone
    events: asyncio.Queue[Event | None] = field(factory=asyncio.Queue)  # None: that was all
    closed: bool = False


@define
class PlayedEngine:
    streams: list[Stream] = field(factory=list)
    script: Callable[[], AsyncGenerator[Event, None]] | None = None  # answers in its place

    async def close(self) -> None: ...

    async def stream(
        self, request: ExplainRequest | MarginRequest, *, idle: float | None
    ) -> AsyncGenerator[Event, None]:
        assert idle is None
        if self.script is not None:
            async for answer in self.script():
                yield answer
            return
        asks_margin = isinstance(request, MarginRequest)
        explain = request.explain if isinstance(request, MarginRequest) else request
        self.streams.append(stream := Stream(explain.code, explain.prompt, asks_margin))
        try:
            while (event := await stream.events.get()) is not None:
                yield event
        finally:
            stream.closed = True


class PlayedEditor:
    """Checks at the moment of showing."""

    def __init__(self) -> None:
        self.documents: Documents
        self.shown: dict[str, list[str]] = {}
        self.relevance_by_uri: dict[str, dict[str, Any]] = {}
        self.statuses: list[tuple[EngineState, str, str | None]] = []

    def supports(self, _path: str) -> bool:
        return False

    def publish(self, params: lsp.PublishDiagnosticsParams) -> None:
        document = self.documents.get(params.uri)
        if document is not None:
            assert params.version == document.version
        self.shown[params.uri] = [diagnostic.message for diagnostic in params.diagnostics]

    def relevance(self, relevance: Relevance) -> None:
        payload = to_wire(relevance)
        document = self.documents.get(payload["uri"])
        if document is not None:
            assert payload["version"] == document.version
        self.relevance_by_uri[payload["uri"]] = payload

    def progress(self, title: str) -> WorkDone:
        return WorkDone(cast(LanguageServer, None), title, None)

    def refresh(self) -> None: ...

    def status(self, state: EngineState, message: str, uri: str | None = None) -> None:
        self.statuses.append((state, message, uri))

    def error(self, message: str) -> None:
        raise AssertionError(message)

    warn = error


@define
class World:
    """What happens is a method; each leaves the event loop to the others for a while or not."""

    editor: PlayedEditor
    documents: Documents
    sessions: Sessions
    scheduler: Scheduler
    engine: PlayedEngine
    versions: dict[str, int] = field(factory=dict)

    @classmethod
    def create(cls) -> "World":
        editor, engine, state = PlayedEditor(), PlayedEngine(), ServerState()
        editor.documents = state.documents
        window, connection = cast(Editor, editor), cast(Connection, engine)
        scheduler = Scheduler(window, state, Publisher(window, state), connection)
        scheduler.begin(Settings(), trusted=True)
        scheduler.apply(Settings(debounce=0))
        return cls(editor, state.documents, state.sessions, scheduler, engine)

    def prompt(self, _uri: str) -> None:
        """Open the prompt of the sample, edit it, put it back; always one after the other."""
        uri = prompt_file(SAMPLE, ORIGINAL).as_uri()
        number = self.versions[PROMPT] = self.versions.get(PROMPT, 0) + 1
        text = ORIGINAL if number % 3 == 1 else f"Write f {number}."
        if number == 1:
            self.scheduler.opened(self.documents.open(uri, 1, text))
            return
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        snapshot = self.documents.change(uri, number, [change])
        assert snapshot is not None
        self.scheduler.edited(snapshot)
        assert self.editor.shown.get(SAMPLE, []) == []
        assert self.editor.shown.get(uri, []) == []

    def unprompt(self, _uri: str) -> None:
        uri = prompt_file(SAMPLE, ORIGINAL).as_uri()
        if (snapshot := self.documents.close(uri)) is not None:
            del self.versions[PROMPT]
            self.scheduler.closed(snapshot)
            assert self.editor.shown.get(uri, []) == []

    def edit(self, uri: str) -> None:
        number = self.versions[uri] = self.versions.get(uri, 0) + 1
        if number == 1:
            self.scheduler.opened(self.documents.open(uri, 1, text_of(uri, 1)))
            return
        change = lsp.TextDocumentContentChangeWholeDocument(text_of(uri, number))
        snapshot = self.documents.change(uri, number, [change])
        assert snapshot is not None
        self.scheduler.edited(snapshot)
        assert self.editor.shown.get(uri, []) == []  # at once, before anything else can happen

    def close(self, uri: str) -> None:
        if (snapshot := self.documents.close(uri)) is not None:
            del self.versions[uri]
            self.scheduler.closed(snapshot)
            assert self.editor.shown.get(uri, []) == []

    def ask(self, uri: str) -> None:
        if uri not in self.versions:
            return
        arguments = () if uri == SAMPLE else ({"line": 0},)
        explain_commands.explain(cast(Any, self), uri, *arguments)

    def save(self, uri: str) -> None:
        if (snapshot := self.documents.get(uri)) is not None:
            self.scheduler.saved(snapshot)

    def answer(self, _uri: str) -> None:
        """Everything, to all that was ever asked."""
        for stream in self.engine.streams:
            marker = mark(stream.code, stream.prompt)
            if stream.asks_margin:
                first = ScoredToken(7, marker, 9.0, 0.5, 1)
                stream.events.put_nowait(evolve(margin(0.8), first=first))
                stream.events.put_nowait(None)
                continue
            read = generation(code=stream.code, prompt=stream.prompt or ORIGINAL)
            chat = evolve(read, form=Form.CHAT)
            for event in (evolve(FAILING, failing_input=marker), chat, pair(), attribution()):
                stream.events.put_nowait(event)

    def check(self) -> None:
        """Once the loop is quiet: nothing computes for a text that is no more, nor shows one."""
        uris = {uri: uri for uri in self.versions if uri != PROMPT}
        texts = {uri: text_of(uri, self.versions[uri]) for uri in uris}
        codes = {
            json.loads(text)["solution"] if text[0] == "{" else text for text in texts.values()
        }
        code = self.documents.get(SAMPLE)
        for stream in self.engine.streams:
            assert stream.closed or stream.code in codes
            assert stream.closed or stream.prompt in (None, code and code.prompt)
        if code is not None and PROMPT in self.versions:
            uris[prompt_file(SAMPLE, ORIGINAL).as_uri()] = SAMPLE
        for uri, about in uris.items():
            document = self.documents.get(about)
            assert document is not None
            marker = mark(f"# {self.versions[about]}", document.prompt)
            for message in self.editor.shown.get(uri, []):
                plain = message.startswith("Of this prompt")
                assert set(MARK.findall(message)) == (set() if plain else {marker})
            lenses = lenses_of(document, self.sessions, Run.TYPE)
            for sample in samples_of(document):
                lenses += sample_line_lenses(sample, self.sessions)
            assert (titles := [lens.title for lens in lenses])
            assert set(MARK.findall("".join(titles))) <= {marker}


STEPS = st.tuples(
    st.sampled_from([*["edit", "answer"] * 3, "ask", "save", "close", "prompt", "unprompt"]),
    st.sampled_from([SAMPLE, SAMPLE, FILE]),
    st.sampled_from([0, 1, 3, 12]),  # turns of the event loop before the next one
)


async def happen(steps: list[tuple[str, str, int]]) -> None:
    world = World.create()
    for name, uri, turns in steps:
        getattr(world, name)(uri)
        for _ in range(turns):
            await asyncio.sleep(0)
        if turns >= 10:
            world.check()
    world.scheduler.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    assert all(stream.closed for stream in world.engine.streams)


@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(STEPS, min_size=8, max_size=30))
def test_what_is_shown_is_about_the_text_as_it_is(steps: list[tuple[str, str, int]]) -> None:
    asyncio.run(happen(steps))


async def test_the_play_shows_something() -> None:
    """Else the property would hold of an empty stage."""
    world = World.create()
    for step in ("edit", "answer"):
        for uri in (SAMPLE, FILE):
            getattr(world, step)(uri)
            if step == "edit":
                world.ask(uri)
        for _ in range(30):
            await asyncio.sleep(0)
    world.check()
    assert "with `␣<` the tests pass" in world.editor.shown[SAMPLE][0]
    assert "HumanEval/1: Fails" in world.editor.shown[FILE][0]
    assert world.editor.relevance_by_uri[SAMPLE]["spans"]
    for step in ("prompt", "answer", "prompt", "answer"):  # of the second, Δℓ is known first
        getattr(world, step)(SAMPLE)
        for _ in range(30):
            await asyncio.sleep(0)
    world.check()
    (line,) = world.editor.shown[SAMPLE]
    assert line.startswith("After the edit")
    world.answer(SAMPLE)
    for _ in range(30):
        await asyncio.sleep(0)
    world.check()
    (line,) = world.editor.shown[SAMPLE]
    assert line.startswith("Fails base test")
    assert "After the edit: Δℓ 1.32 → 0.80" in line
    await world.scheduler.close()
    await happen([("close", SAMPLE, 0)])

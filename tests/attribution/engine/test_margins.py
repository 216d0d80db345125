"""What the model thinks of one choice while a text is edited."""

import io
from collections.abc import AsyncIterator, Callable

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution.engine.priority import priority
from attribution.engine.stages.explain.case import Case
from attribution.engine.stages.prefix_cache import PrefixCache
from attribution.errors import Cancelled, InvalidRequest
from attribution.ipc import client, wire
from attribution.ipc.client import EngineClient
from attribution.samples.tokenisation import Split, from_text
from attribution.schema import (
    EngineRequest,
    ExplainRequest,
    FaithfulnessRequest,
    Form,
    GenerateRequest,
    Generation,
    GradeRequest,
    Margin,
    MarginRequest,
    ModelSettings,
    Progress,
    ScoredToken,
    Timings,
)
from tests.attribution.cases import BODY, CHAT, HEAD, TASK, carry_on, case_of, last_logits
from tests.attribution.engine.test_service_graph import BAD, ask, kinds

OTHER_HEAD = HEAD.replace("Add one", "Take one away")


@pytest.fixture(scope="module")
def case(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Case:
    """ " x" was written behind "return"."""
    return case_of(model, tokenizer)


def request_of(case: Case, offset: int) -> MarginRequest:
    return MarginRequest(ExplainRequest(""), offset, case.pair.target.id, case.pair.contrast.id)


def margin(read: PrefixCache, case: Case, generation: Generation) -> Margin:
    offset = generation.code.index(" x + 1")
    return read.margin(request_of(case, offset), generation, case.loaded, carry_on)


def direct(case: Case, head: str, body: str = BODY) -> Generation:
    return from_text(TASK, Split(Form.DIRECT, head, body), case.loaded.tokenizer)


def test_figures_are_those_of_a_plain_forward(case: Case) -> None:
    found, logits = margin(PrefixCache(), case, case.generation), last_logits(case).float()
    chances = logits.softmax(0)
    for scored in (found.target, found.contrast, found.first):
        assert scored.logit == pytest.approx(float(logits[scored.id]), abs=1e-5)
        assert scored.probability == pytest.approx(float(chances[scored.id]), abs=1e-5)
        assert scored.rank == int((logits > logits[scored.id]).sum()) + 1
        assert scored.text == case.loaded.tokenizer.decode([scored.id])
    assert found.position == case.pair.position
    assert (found.target.id, found.contrast.id) == (case.pair.target.id, case.pair.contrast.id)
    assert found.first.id == int(logits.argmax())
    assert found.logit_diff == pytest.approx(case.pair.logit_diff, abs=1e-5)


def test_an_edit_is_read_from_where_it_begins(case: Case) -> None:
    """The same figures as without what was read before, and tokens that need not be read again."""
    read = PrefixCache()
    before = margin(read, case, case.generation)
    changed = direct(case, OTHER_HEAD)
    after, plain = margin(read, case, changed), margin(PrefixCache(), case, changed)
    assert after.logit_diff == pytest.approx(plain.logit_diff, abs=1e-5)
    assert after.logit_diff != pytest.approx(before.logit_diff, abs=1e-3)
    assert (plain.reused, after.reused) == (0, shared(case.generation, changed))
    assert after.reused + after.computed == after.position
    again = margin(read, case, case.generation)
    assert again.logit_diff == pytest.approx(before.logit_diff, abs=1e-5)
    assert again.computed == 1


def shared(one: Generation, other: Generation) -> int:
    ids = [[token.id for token in made.tokens] for made in (one, other)]
    return next(k for k in range(len(ids[0])) if ids[0][k] != ids[1][k])


def test_the_sample_that_was_explained_is_known(case: Case) -> None:
    read = PrefixCache()
    read.prefix(case.loaded, case.generation, 10, carry_on)
    assert margin(read, case, direct(case, OTHER_HEAD)).reused > 0
    read.clear()
    assert margin(read, case, direct(case, OTHER_HEAD)).reused == 0


def test_the_place_is_of_the_code_also_where_the_prompt_is_apart(case: Case) -> None:
    split = Split(Form.CHAT, CHAT, BODY)
    chat = from_text(TASK, split, case.loaded.tokenizer)
    found = margin(PrefixCache(), case, chat)
    assert chat.tokens[found.position].id == case.pair.target.id
    ids = torch.tensor([[token.id for token in chat.tokens[: found.position]]])
    with torch.no_grad():
        logits = case.loaded.model(ids).logits[0, -1].float()
    difference = logits[case.pair.target.id] - logits[case.pair.contrast.id]
    assert found.logit_diff == pytest.approx(float(difference), abs=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        lambda asked: evolve(asked, offset=asked.offset + 1),
        lambda asked: evolve(asked, target=asked.target + 1),
        lambda asked: evolve(asked, offset=0),  # of the prompt: nobody wrote it
        lambda asked: evolve(asked, contrast=10**6),
        lambda asked: evolve(asked, contrast=-1),
    ],
)
def test_what_does_not_stand_there_is_refused(
    case: Case, change: Callable[[MarginRequest], MarginRequest]
) -> None:
    asked = request_of(case, case.generation.code.index(" x + 1"))
    with pytest.raises(InvalidRequest):
        PrefixCache().margin(change(asked), case.generation, case.loaded, carry_on)


def test_it_is_given_up_at_the_next_layer(case: Case) -> None:
    def give_up() -> None:
        raise Cancelled

    asked = request_of(case, case.generation.code.index(" x + 1"))
    with pytest.raises(Cancelled):
        PrefixCache().margin(asked, case.generation, case.loaded, give_up)


def test_who_types_goes_first() -> None:
    explain = ExplainRequest("")
    ordered: list[EngineRequest] = [
        MarginRequest(explain, 0, 0, 0),
        GradeRequest("", ""),
        GenerateRequest(()),
        FaithfulnessRequest(explain, full=True),
    ]
    assert [priority(request) for request in ordered] == [0, 1, 2, 2]


def test_it_travels() -> None:
    token = ScoredToken(3, " x", 1.5, 0.25, 2)
    for value in (
        Margin(9, token, token, token, 4, 5),
        MarginRequest(ExplainRequest("x"), 1, 2, 3),
    ):
        assert wire.read_blocking(io.BytesIO(wire.encode(1, value))) == (1, value)


# As clients of the resident engine meet it


@pytest.fixture
async def engine(shared_engine_folder: object) -> AsyncIterator[EngineClient]:  # noqa: ARG001
    async with await client.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def asked(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    tmp_path_factory: pytest.TempPathFactory,
) -> MarginRequest:
    """Nobody trusts the workspace: nothing is run. The tiny model has no chat template."""
    folder = tmp_path_factory.mktemp("saved")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    explain = ExplainRequest(
        BAD,
        task_id="HumanEval/2",
        form=Form.CHAT,
        settings=ModelSettings(str(folder), "cpu", "float64"),
    )
    offset = BAD.index(" + int")
    target, *_ = tokenizer(BAD[offset:]).input_ids
    return MarginRequest(explain, offset, target, (target + 1) % len(tokenizer))


async def answer(engine: EngineClient, request: MarginRequest) -> Margin:
    events, error = await ask(engine, request)
    assert error is None
    assert kinds(events) == [Margin, Timings]
    (found,) = (event for event in events if isinstance(event, Margin))
    return found


async def test_an_edited_prompt_changes_it(engine: EngineClient, asked: MarginRequest) -> None:
    plain = await answer(engine, asked)
    prompts = ["def f():\n", "def g():\n"]
    first, second = [
        await answer(engine, evolve(asked, explain=evolve(asked.explain, prompt=prompt)))
        for prompt in prompts
    ]
    assert len({plain.logit_diff, first.logit_diff, second.logit_diff}) == 3
    assert second.reused > 0
    assert (await answer(engine, asked)).logit_diff == pytest.approx(plain.logit_diff, abs=1e-5)


async def test_it_is_refused_where_the_token_is_gone(
    engine: EngineClient, asked: MarginRequest
) -> None:
    code = BAD.replace("+", "-")
    events, error = await ask(engine, evolve(asked, explain=evolve(asked.explain, code=code)))
    assert isinstance(error, InvalidRequest)
    assert all(isinstance(event, Progress) for event in events)


def test_a_text_that_answers_another_prompt_is_scored_anew(case: Case) -> None:
    """The docstring's examples of a function make a task whose prompt is longer."""
    read, made = PrefixCache(), case.generation
    first = read.prefix(case.loaded, made, 3, carry_on)
    assert read.prefix(case.loaded, made, 3, carry_on) is first
    shorter = evolve(made, prompt_length=made.prompt_length - 2)
    again = read.prefix(case.loaded, shorter, 3, carry_on)
    assert again.prompt_length == shorter.prompt_length
    assert len(again.scores.chosen_logits) == len(first.scores.chosen_logits) + 2


def test_reading_a_sample_can_be_given_up(case: Case) -> None:
    def cancelled() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        PrefixCache().prefix(case.loaded, case.generation, 3, cancelled)

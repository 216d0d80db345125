"""What the shared cache of many rollouts owes to those that use it."""

from contextlib import suppress

import pytest
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution import decoding
from attribution.decoding import Branch, Forest
from attribution.decoding.endings import Reader
from attribution.decoding.prompts import Stops
from attribution.engine.stages import verify_repair
from attribution.errors import Cancelled
from attribution.job import Checkpoint, carry_on

WIDTH = 8


@pytest.fixture
def forest(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Forest:
    prefix = decoding.prefill(model, list(range(5, 35)), 7)
    forest = Forest(model, width=WIDTH)
    forest.add_root(prefix.ids, 7, prefix.cache, Reader(tokenizer, Stops((), frozenset()), 11))
    return forest


def test_rollouts_that_go_on_are_not_read_again_all_at_once(forest: Forest) -> None:
    """What they have written is fed in one pass, without a chance to cancel it."""
    fed = []
    while forest.has_room:
        forest.admit(Branch(10, tuple(range(12)), 30), resumed=True)
        fed.append(12)
    assert len(fed) == 2
    forest.step()
    assert forest.work.computed <= sum(fed) + WIDTH


def test_what_has_ended_outlives_a_pass_that_fails(
    forest: Forest, model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, going = Branch(10, (3,), 1), Branch(10, (4,), 9)
    ended = forest.admit(whole)  # it may write no more than it was given
    forest.admit(going)

    def full(*_args: object, **_options: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(model, "forward", full)
        with pytest.raises(MemoryError):
            forest.step()
    assert [(done.number, done.branch) for done in forest.drain()] == [(ended, whole)]
    assert [row.branch for row in forest.rows.values()] == [going]


def test_a_pass_that_is_given_up_loses_nothing(forest: Forest) -> None:
    asked = 0

    def give_up() -> None:
        nonlocal asked
        asked += 1
        if asked % 5 < 2:  # before the first layer, before the second
            raise Cancelled

    forest.admit(Branch(20, (3,), 12))
    found = forest_output(forest, give_up)
    assert asked > 10
    forest.admit(Branch(20, (3,), 12))
    assert forest_output(forest, carry_on) == found


def test_what_one_rollout_wrote_another_is_drafted_from(forest: Forest) -> None:
    passes = []
    for _ in range(2):
        before = forest.work.forwards
        forest.admit(Branch(20, (3,), 12))
        forest_output(forest, carry_on)
        passes.append(forest.work.forwards - before)
    assert passes[1] * 3 < passes[0]


def test_eager_rollouts_are_drafted_first(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    ids = verify_repair.greedy(model, list(range(5, 12)), 30, lambda _: False, lambda: None)
    prefix = decoding.prefill(model, ids, 7)
    forest = Forest(model, width=4)  # one token of each, and two drafted
    forest.add_root(prefix.ids, 7, prefix.cache, Reader(tokenizer, Stops((), frozenset()), 11))
    numbers = [forest.admit(Branch(12, (ids[12],), 10), eager=eager) for eager in (False, True)]
    forest.step()
    assert [forest.rows[n].output for n in numbers] == [ids[7:14], ids[7:16]]


def forest_output(forest: Forest, checkpoint: Checkpoint) -> list[str]:
    """What is decoded until all has ended, however often a pass is given up."""
    done = []
    while forest.busy:
        with suppress(Cancelled):
            done += forest.step(checkpoint)
    return [one.completion.text for one in done]


@pytest.mark.parametrize("interrupted", [False, True])
def test_what_decoding_costs_is_counted(
    interrupted: bool, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    """One rollout, which writes the root again, so that drafts come true."""
    ids = verify_repair.greedy(model, list(range(5, 12)), 30, lambda _: False, lambda: None)
    prefix = decoding.prefill(model, ids, 7)
    forest = Forest(model, width=WIDTH)
    forest.add_root(prefix.ids, 7, prefix.cache, Reader(tokenizer, Stops((), frozenset()), 11))
    number = forest.admit(Branch(12, (ids[12],), 10))
    forest.step()
    if interrupted:
        forest.admit(forest.withdraw(number), resumed=True)
    while forest.busy:
        forest.step()
    work = forest.work
    assert work.written == 9  # one of ten was given
    assert work.accepted > 0
    assert work.written - work.accepted == work.forwards  # each pass chooses one more
    assert work.plain == 13 + 8  # 13 are read, and all that is written but the last
    assert work.computed < work.plain

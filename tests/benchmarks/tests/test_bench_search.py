"""What the benchmark of the search measures is about the samples that were recorded."""

import pytest
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution.errors import InvalidSample
from attribution.models.loader import LoadedModel
from attribution.samples.tokenisation import Split, from_text
from attribution.schema import Document, Form, Status
from attribution.study.records import Record
from tests.attribution.cases import TASK
from tests.attribution.study.test_study import PAIR, REPORT
from tests.benchmarks.bench_search import chosen, proofs, sample_of

OUTPUT = "    return number\n"


@pytest.fixture(scope="module")
def loaded(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> LoadedModel:
    return LoadedModel(model, tokenizer, "tiny", "mark", model.device, model.dtype)


@pytest.mark.parametrize("form", Form)
def test_a_sample_has_the_tokens_of_its_record(form: Form, loaded: LoadedModel) -> None:
    """Written sign by sign, which nobody would read so."""
    prompt = loaded.tokenizer(TASK.prompt).input_ids
    ids = (*prompt, *(loaded.tokenizer(sign).input_ids[0] for sign in OUTPUT))
    code = TASK.prompt + OUTPUT if form is Form.DIRECT else OUTPUT
    record = Record(
        TASK.task_id,
        Status.FAIL,
        form=form,
        prompt=TASK.prompt,
        code=code,
        finished=False,
        prompt_length=len(prompt),
        ids=ids,
    )
    made = sample_of(record, TASK, loaded)
    assert tuple(token.id for token in made.tokens) == ids
    read = from_text(TASK, Split(form, TASK.prompt, OUTPUT), loaded.tokenizer)
    assert len(read.tokens) < len(made.tokens)
    assert (made.code, made.prompt, made.form, made.finished) == (code, TASK.prompt, form, False)
    last = made.tokens[-2]
    assert (last.document, last.text) == (Document.CODE, "r")
    assert code[last.start : last.end] == "r"
    with pytest.raises(InvalidSample, match="has other tokens here"):
        sample_of(evolve(record, prompt="x = 1\n"), TASK, loaded)


def test_samples_are_spread_over_what_was_proved_for_this_model() -> None:
    proved = [Record(f"Mbpp/{k}", Status.FAIL, fingerprint="mark", pairs=(PAIR,)) for k in range(9)]
    others = [evolve(proved[0], fingerprint="other"), evolve(proved[0], pairs=())]
    found = [record.task_id for record in chosen([*others, *proved], "mark", 3)]
    assert found == ["Mbpp/0", "Mbpp/3", "Mbpp/6"]
    assert chosen(proved, "mark", 50) == proved
    assert chosen(others, "mark", 3) == []


def test_failures_without_a_pair_are_taken_where_that_is_asked_for() -> None:
    in_vain = Record("Mbpp/1", Status.FAIL, fingerprint="mark", search=REPORT)
    proved = evolve(in_vain, task_id="Mbpp/0", pairs=(PAIR,))
    passed = evolve(in_vain, task_id="Mbpp/2", status=Status.PASS)
    unsearched = evolve(in_vain, task_id="Mbpp/3", search=None)
    found = [proved, passed, in_vain, unsearched]
    assert chosen(found, "mark", 9) == [proved]
    assert chosen(found, "mark", 9, failures=True) == [proved, in_vain]


def test_a_search_that_used_its_budget_has_no_proof() -> None:
    assert proofs([[3.0, 60.0], [59.9, 2.0], [60.0, 60.0]], 60.0) == "shipped 2, by margin 1"

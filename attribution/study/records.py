"""The record of a fault study: one JSON line per task, enough to verify every pair again."""

import json
import os
from pathlib import Path

from attrs import evolve, field, frozen
from cattrs.preconf.json import make_converter

from attribution.errors import InvalidSample, ResourceExhausted, TokenBlameError
from attribution.ipc.explanation import Explanation
from attribution.schema import ContrastPair, Form, Outcome, SearchReport, Status, Trial

_CONVERTER = make_converter()


@frozen
class Record:
    """One task: what the model wrote, how the tests went, and what was proved."""

    task_id: str
    status: Status | None  # None: it could not be graded; `error` says why
    data_version: str = ""
    model: str = ""
    fingerprint: str = ""  # of weights and tokenizer
    form: Form = Form.DIRECT
    prompt: str = ""
    code: str = ""
    finished: bool = True
    prompt_length: int = 0  # tokens
    ids: tuple[int, ...] = ()  # prompt and output
    pairs: tuple[ContrastPair, ...] = ()
    search: SearchReport | None = None
    error: str = ""

    @property
    def failed(self) -> bool:
        return self.status not in (None, Status.PASS)


@frozen
class TrialLog:
    """Every alternative that one search judged; in a file of its own, for it is long."""

    task_id: str
    trials: tuple[Trial, ...] = field(factory=tuple)


def record_of(task_id: str, found: Explanation, trouble: TokenBlameError | None) -> Record:
    """A sample that cannot be run, for it lacks the function, say, has failed like any other."""
    verdict, generation = found.verdict, found.generation
    unfit = Status.FAIL if isinstance(trouble, InvalidSample) else None
    error = trouble.message if trouble else ""
    record = Record(task_id, verdict.status if verdict else unfit, error=error)
    if verdict is not None:
        record = evolve(record, data_version=verdict.data_version)
    if generation is None:
        return record
    return evolve(
        record,
        model=generation.model,
        fingerprint=generation.fingerprint,
        form=generation.form,
        prompt=generation.prompt,
        code=generation.code,
        finished=generation.finished,
        prompt_length=generation.prompt_length,
        ids=tuple(token.id for token in generation.tokens),
        pairs=tuple(found.proved),
        search=evolve(found.search, trials=()) if found.search else None,
    )


def append(path: Path, record: Record | TrialLog) -> None:
    """One line more, on the disk when this returns: a study takes hours.

    A last line that was torn (by a full disk, say) is replaced. Raises ResourceExhausted.
    """
    line = (json.dumps(_CONVERTER.unstructure(record)) + "\n").encode()
    try:
        with path.open("r+b" if path.exists() else "w+b") as file:
            whole = file.read().rfind(b"\n") + 1
            file.seek(whole)
            file.truncate()
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ResourceExhausted(f"{path} cannot be written: {error.strerror}.") from error


def read(path: Path) -> list[Record]:
    """The last record of every task; a torn last line is left out.

    Raises InvalidSample where a line is no record.
    """
    return list({r.task_id: r for r in _lines(path, Record) if isinstance(r, Record)}.values())


def read_trials(path: Path) -> list[TrialLog]:
    """As `read`."""
    found = (r for r in _lines(path, TrialLog) if isinstance(r, TrialLog))
    return list({r.task_id: r for r in found}.values())


def _lines(path: Path, kind: type[Record] | type[TrialLog]) -> list[Record | TrialLog]:
    if not path.exists():
        return []
    text = path.read_bytes()
    found: list[Record | TrialLog] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found.append(_CONVERTER.structure(json.loads(line), kind))
        except Exception as error:
            if number == text.count(b"\n") + 1:  # it ended in the middle of writing
                break
            raise InvalidSample(f"{path}, line {number} is no record of a study.") from error
    return found


def outcome_counts(records: list[Record]) -> dict[Outcome, int]:
    """How the searches ended."""
    ends = [r.search.outcome for r in records if r.search is not None]
    return {end: ends.count(end) for end in Outcome if end in ends}

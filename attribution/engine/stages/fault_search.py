"""The fault searches that an engine remembers: a second request for a text continues the first."""

from collections.abc import Callable, Iterator

from attribution.decoding import Prefix, prefill, score_tokens
from attribution.decoding.prompts import build_stops
from attribution.errors import UnsupportedModel
from attribution.faults.candidates import Evidence, Sibling, candidates
from attribution.faults.search import Budget, Search, Subject
from attribution.faults.tester import Judge
from attribution.grading.grader import Grader
from attribution.job import Job
from attribution.models.loader import LoadedModel
from attribution.schema import (
    ContrastPair,
    ExplainRequest,
    Generation,
    Progress,
    SearchReport,
    Task,
    ochiai,
)

_REMEMBERED = 8  # samples whose search can be continued


class FaultSearches:
    """By what they are about, the latest last."""

    def __init__(self, grader: Grader) -> None:
        self._grader = grader
        self._held: dict[object, Search] = {}

    def clear(self) -> None:
        """Forget all of them: they hold a model."""
        self._held.clear()

    def run(
        self, search: Search, request: ExplainRequest, job: Job
    ) -> Iterator[ContrastPair | Progress | SearchReport]:
        """Go on with `search` within the budget of `request`."""
        yield from search.run(
            Budget(request.rollouts, request.seconds),
            judge_of(self._grader, search.subject.generation.task_id),
            job.checkpoint,
            exhaust=request.exhaust,
            trials=request.trials,
        )

    def of(
        self,
        request: ExplainRequest,
        task: Task,
        generation: Generation,
        prefix: Prefix,
        loaded: LoadedModel,
        sibling: LoadedModel | None,
        job: Job,
    ) -> Search:
        """The search of this very text, begun by an earlier request or now."""
        about = (task.task_id, generation.form, prefix.ids, request.top_k, request.sibling)
        search = self._held.pop(about, None)
        if search is None:
            job.emit(Progress("Looking at which lines the failing tests run"))
            spectrum = self._grader.spectrum(task.task_id, generation.code, job.checkpoint)
            subject = subject_of(task, generation, prefix, loaded)
            proposed = _proposals(prefix, loaded, sibling, request.top_k, job) if sibling else None
            evidence = Evidence(ochiai(spectrum), proposed)
            ordered = candidates(generation, prefix.scores, loaded.tokenizer, evidence)
            search = Search.of(subject, ordered)
        self._held[about] = search
        while len(self._held) > _REMEMBERED:
            del self._held[next(iter(self._held))]
        return search


def _proposals(
    prefix: Prefix, loaded: LoadedModel, sibling: LoadedModel, top_k: int, job: Job
) -> Sibling:
    """What the sibling would have written, and what the model thinks of that.

    Raises UnsupportedModel where they do not share their tokens.
    """
    if sibling.tokenizer.get_vocab() != loaded.tokenizer.get_vocab():
        raise UnsupportedModel(
            f"{sibling.name} has other tokens than {loaded.name}; a sibling must share them."
        )
    ids, start, checkpoint = prefix.ids, prefix.prompt_length, job.checkpoint
    theirs = prefill(sibling.model, ids, start, top_k, checkpoint).scores
    logits, ranks = score_tokens(loaded.model, ids, start, theirs.top_ids, checkpoint)
    return Sibling(theirs, logits, ranks)


def subject_of(task: Task, generation: Generation, prefix: Prefix, loaded: LoadedModel) -> Subject:
    """The failing sample in the model that is asked about it."""
    stops = build_stops(task, generation.form, loaded.tokenizer)
    return Subject(loaded.model, loaded.tokenizer, generation, prefix, stops)


def judge_of(grader: Grader, task_id: str) -> Judge:
    """Whether a program passes the tests of one task."""

    def judge(program: str, checkpoint: Callable[[], None]) -> bool:
        return grader.grade_many(task_id, [program], checkpoint)[0].passed

    return judge

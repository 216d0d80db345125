"""The only file that knows the order of the stages.

An Engine owns the loaded model and the test runner. It computes one request at a time, in the
thread of its caller, and hands every result to `emit` as soon as it is there.
"""

from collections.abc import Iterable

import torch
from attrs import evolve

from attribution import explaining, faults
from attribution.decoding import Prefix, generate, prefill
from attribution.errors import (
    ExecutionRefused,
    InvalidRequest,
    InvalidSample,
    ResourceExhausted,
)
from attribution.explaining import Case
from attribution.generation import (
    from_completion,
    with_scores,
)
from attribution.grading.grader import Grader
from attribution.job import Job
from attribution.lrp.ledger import Method
from attribution.lrp.objective import ObjectiveKind
from attribution.models.loader import LoadedModel, load
from attribution.prompts import build_prompt, build_stops
from attribution.reading import read_tokens
from attribution.schema import (
    Attribution,
    ContrastPair,
    ExplainRequest,
    FaithfulnessRequest,
    Form,
    GenerateRequest,
    Generation,
    GradeRequest,
    GraphRequest,
    ModelSettings,
    Progress,
    SearchReport,
    Task,
    Timings,
    Work,
    task_id_from_path,
)


class Engine:
    """The model and the test runner, kept between requests."""

    def __init__(self) -> None:
        self.grader = Grader()
        self.loaded: LoadedModel | None = None
        self._settings: ModelSettings | None = None
        self._prefix: Prefix | None = None  # of the last sample: an edit often asks for it again
        # The last search and what it was about: a graph of the same sample needs no second one.
        self._searched: tuple[object, tuple[ContrastPair | SearchReport, ...]] | None = None

    def close(self) -> None:
        self.unload()
        self.grader.close()

    def unload(self) -> None:
        """Give the model's memory back."""
        self.loaded = self._settings = self._prefix = self._searched = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def run(self, request: Work, job: Job) -> None:
        """Compute one request; its last event is Timings."""
        try:
            match request:
                case GenerateRequest():
                    self._generate(request, job)
                case GradeRequest():
                    self._grade(request.task_id, request.code, request.trusted, job)
                case ExplainRequest():
                    self._explain(request, job)
                case GraphRequest():
                    self._graph(request, job)
                case FaithfulnessRequest():
                    self._faithfulness(request, job)
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            self._prefix = None
            raise ResourceExhausted(
                "The model ran out of memory. Use a smaller model, or the CPU (--device cpu)."
            ) from error
        job.emit(Timings(dict(job.timings)))

    # Stages

    def _task(self, task_id: str, job: Job) -> Task:
        with job.stage("task", f"Reading {task_id}"):
            return self.grader.task(task_id, job.checkpoint)

    def _load(self, settings: ModelSettings, job: Job) -> LoadedModel:
        if self.loaded is None or settings != self._settings:
            with job.stage("load", f"Loading {settings.model}"):
                self.unload()
                self.loaded = load(settings, job.emit, job.checkpoint)
                self._settings = settings
        return self.loaded

    def _prefill(self, loaded: LoadedModel, generation: Generation) -> Prefix:
        ids = tuple(token.id for token in generation.tokens)
        if self._prefix is None or self._prefix.ids != ids:
            self._prefix = None  # free the old cache before making the new one
            self._prefix = prefill(loaded.model, ids, generation.prompt_length)
        return self._prefix

    def _scored(self, loaded: LoadedModel, generation: Generation) -> Generation:
        scores = self._prefill(loaded, generation).scores
        named = evolve(generation, model=loaded.name, fingerprint=loaded.fingerprint)
        return with_scores(named, scores, loaded.tokenizer)

    def _generate(self, request: GenerateRequest, job: Job) -> None:
        if request.max_new_tokens < 1:
            raise InvalidRequest("At least one token must be allowed (max_new_tokens).")
        task = self._task(request.task_id, job)
        loaded = self._load(request.settings, job)
        tokenizer = loaded.tokenizer
        form = request.form if tokenizer.chat_template else Form.DIRECT
        prompt = build_prompt(task, form, tokenizer)

        def checkpoint(tokens: int) -> None:
            job.checkpoint()
            if tokens % 16 == 0:
                job.emit(Progress(f"Writing {task.task_id}: {tokens} tokens"))

        with job.stage("generate", f"Writing {task.task_id}"):
            completion = generate(
                loaded.model,
                tokenizer,
                tokenizer(prompt).input_ids,
                build_stops(task, form, tokenizer),
                max_new_tokens=request.max_new_tokens,
                checkpoint=checkpoint,
            )
        generation = from_completion(task, form, tokenizer, prompt, completion)
        with job.stage("score", "Scoring alternatives"):
            job.emit(self._scored(loaded, evolve(generation, finished=completion.finished)))

    def _grade(self, task_id: str, code: str, trusted: bool, job: Job) -> bool:
        if not trusted:
            raise ExecutionRefused(
                "The workspace is not trusted, so its code was not run. "
                "Trust the workspace to grade and explain samples."
            )
        layer = self.grader.describe_sandbox()  # people should know what their machine runs how
        with job.stage("grade", f"Running the tests of {task_id} ({layer})"):
            verdict = self.grader.grade(task_id, code, job.checkpoint)
        job.emit(verdict)
        return verdict.passed

    def _explain(self, request: ExplainRequest, job: Job) -> None:
        case = self._case(request, None, job)
        if case is not None:
            self._attribute(case, job)

    def _graph(self, request: GraphRequest, job: Job) -> None:
        explaining.check_graph(request)
        case = self._case(request.explain, request.pair, job, request.layers)
        if case is not None:
            self._attribute(case, job)
            with job.stage("graph", "Following the difference through the layers"):
                job.emit(explaining.graph(case, request, job))

    def _faithfulness(self, request: FaithfulnessRequest, job: Job) -> None:
        explaining.check_seconds(request.seconds)
        case = self._case(request.explain, request.pair, job)
        if case is not None:
            found = self._attribute(case, job)
            with job.stage("faithfulness", "Taking tokens away to see what happens"):
                job.emit(
                    explaining.trust(
                        case, found, full=request.full, seconds=request.seconds, job=job
                    )
                )

    def _attribute(self, case: Case, job: Job) -> Attribution:
        with job.stage("attribute", "Attributing the difference"):
            found = explaining.relevance(case, job)
            job.emit(found)
        return found

    def _case(
        self,
        request: ExplainRequest,
        pair: ContrastPair | None,
        job: Job,
        layers: tuple[int, ...] | None = None,
    ) -> Case | None:
        """The pair to be explained; None where the tests pass or no pair is proved.

        A pair that is given is taken as it is: nothing is run then.
        """
        method, kind = Method.named(request.method), ObjectiveKind.named(request.objective)
        task = self._task(_task_id(request), job)
        code = task.prompt + request.code if request.completion else request.code
        if pair is None and self._grade(task.task_id, code, request.trusted, job):
            return None
        loaded = self._load(request.settings, job)
        explaining.check_model(loaded, layers)  # before the search, not after it
        with job.stage("score", "Reading the sample"):
            generation = self._scored(loaded, read_tokens(request, task, code, loaded))
        job.emit(generation)
        if pair is not None:
            explaining.check_pair(pair, generation, loaded.model.config.vocab_size)
        else:
            pairs = self._search(request, task, generation, loaded, job)
            pair = faults.best(pairs, code) if pairs else None
        return None if pair is None else Case(loaded, generation, pair, method, kind)

    def _search(
        self,
        request: ExplainRequest,
        task: Task,
        generation: Generation,
        loaded: LoadedModel,
        job: Job,
    ) -> list[ContrastPair]:
        """All proved pairs, streamed; those of the last search again where nothing has changed."""
        prefix = self._prefill(loaded, generation)
        budget = faults.Budget(request.rollouts, request.seconds)
        subject = faults.Subject(
            model=loaded.model,
            tokenizer=loaded.tokenizer,
            generation=generation,
            prefix=prefix,
            stops=build_stops(task, generation.form, loaded.tokenizer),
        )
        about = (task.task_id, generation.form, prefix.ids, budget)
        events: Iterable[ContrastPair | Progress | SearchReport]
        if self._searched is not None and self._searched[0] == about:
            events = self._searched[1]
        else:
            events = faults.search(
                subject,
                lambda programs: self.grader.grade_many(task.task_id, programs, job.checkpoint),
                budget,
                job.checkpoint,
            )
        results = []
        with job.stage("search", "Looking for the token that broke it"):
            for event in events:
                job.emit(event)
                if not isinstance(event, Progress):
                    results.append(event)
        self._searched = about, tuple(results)
        return [result for result in results if isinstance(result, ContrastPair)]


def _task_id(request: ExplainRequest) -> str:
    task_id = request.task_id or task_id_from_path(request.path or "")
    if task_id is None:
        raise InvalidSample(
            "Which task does this sample solve? Put it into a folder named after the task "
            "(HumanEval_65/0.py) or name the task."
        )
    return task_id


def _is_out_of_memory(error: BaseException) -> bool:
    """torch's CPU allocator raises a plain RuntimeError."""
    told = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return told or "can't allocate memory" in str(error)

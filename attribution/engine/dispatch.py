"""The only file that knows the order of the stages.

An Engine owns the loaded model and the test runner. It computes one request at a time, in the
thread of its caller, and hands every result to `emit` as soon as it is there.
"""

import torch
from attrs import evolve

from attribution.decoding import TOP_K
from attribution.engine.stages import generate, manual_pair, pass_curve, verify_repair
from attribution.engine.stages.explain import attribute, compare_models, faithfulness
from attribution.engine.stages.explain.case import Case, check_model, check_pair
from attribution.engine.stages.explain.graph import build_graph, check_request
from attribution.engine.stages.fault_search import FaultSearches
from attribution.engine.stages.prefix_cache import PrefixCache
from attribution.engine.stages.read_sample import read_task, read_tokens, sandbox_of, task_id_of
from attribution.errors import ExecutionRefused, InvalidRequest, ResourceExhausted
from attribution.faults.ranking import best
from attribution.grading.grader import Grader
from attribution.job import Job
from attribution.lrp.objective import ObjectiveKind
from attribution.lrp.rules.backward_trace import Method
from attribution.models.loader import LoadedModel, is_out_of_memory, load
from attribution.samples.tokenisation import with_scores
from attribution.schema import (
    Attribution,
    CompareRequest,
    ContrastPair,
    CurveRequest,
    EngineRequest,
    ExplainRequest,
    FaithfulnessRequest,
    GenerateRequest,
    Generation,
    GradeRequest,
    GraphRequest,
    MarginRequest,
    ModelSettings,
    Task,
    TaskRequest,
    Timings,
    Verification,
    VerifyRequest,
)

_UNTRUSTED = (
    "The workspace is not trusted, so its code was not run. "
    "Trust the workspace to grade and explain samples."
)


class Engine:
    """The model and the test runner, kept between requests."""

    def __init__(self) -> None:
        self.grader = Grader()
        self.loaded: LoadedModel | None = None
        self._settings: ModelSettings | None = None
        self._prefix_cache = PrefixCache()
        self._sibling: tuple[ModelSettings, LoadedModel] | None = None
        self._searches = FaultSearches(self.grader)

    def close(self) -> None:
        self.unload()
        self.grader.close()

    def unload(self) -> None:
        """Give the model's memory back."""
        self.loaded = self._settings = self._sibling = None
        self._prefix_cache.clear()
        self._searches.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def run(self, request: EngineRequest, job: Job) -> None:
        """Compute one request; its last event is Timings."""
        try:
            self._answer(request, job)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            self._prefix_cache.clear()
            self._searches.clear()
            raise ResourceExhausted(
                "The model ran out of memory. Use a smaller model, or the CPU (--device cpu)."
            ) from error
        job.emit(Timings(dict(job.timings)))

    def _answer(self, request: EngineRequest, job: Job) -> None:
        self.grader.shut_into(sandbox_of(request))
        match request:
            case GenerateRequest():
                self._generate(request, job)
            case GradeRequest() | TaskRequest():
                self._without_model(request, job)
            case ExplainRequest():
                self._explain(request, job)
            case GraphRequest():
                self._graph(request, job)
            case FaithfulnessRequest():
                self._faithfulness(request, job)
            case CompareRequest():
                self._compare(request, job)
            case MarginRequest():
                self._margin(request, job)
            case CurveRequest():
                self._curve(request, job)
            case VerifyRequest():
                self._verify(request, job)

    # Stages

    def _task(self, task_id: str, job: Job, code: str = "") -> Task:
        """`code` may hold the docstring examples that are the task."""
        with job.stage("task", f"Reading {task_id}"):
            return read_task(task_id, code, self.grader, job)

    def _load(self, settings: ModelSettings, job: Job) -> LoadedModel:
        if self.loaded is None or settings != self._settings:
            with job.stage("load", f"Loading {settings.model}"):
                self.unload()
                self.loaded = load(settings, job.emit, job.checkpoint)
                self._settings = settings
        return self.loaded

    def _load_sibling(self, settings: ModelSettings, job: Job) -> LoadedModel:
        if self._sibling is None or self._sibling[0] != settings:
            self._sibling = None
            self._sibling = settings, load(settings, job.emit, job.checkpoint)
        return self._sibling[1]

    def _scored(
        self, loaded: LoadedModel, generation: Generation, job: Job, top_k: int = TOP_K
    ) -> Generation:
        prefix = self._prefix_cache.prefix(loaded, generation, top_k, job.checkpoint)
        named = evolve(generation, model=loaded.name, fingerprint=loaded.fingerprint)
        return with_scores(named, prefix, loaded.tokenizer)

    def _generate(self, request: GenerateRequest, job: Job) -> None:
        generate.check(request)
        tasks = [self._task(task_id, job) for task_id in request.task_ids]
        loaded = self._load(request.settings, job)
        with job.stage("generate", f"Writing {generate.names(tasks)}"):
            for made in generate.write(request, tasks, loaded, job):
                with job.stage("score", f"Scoring {made.task_id}"):
                    job.emit(self._scored(loaded, made, job))

    def _without_model(self, request: GradeRequest | TaskRequest, job: Job) -> None:
        if isinstance(request, TaskRequest):
            job.emit(self._task(request.task_id, job))
        else:
            self._grade(request.task_id, request.code, request.trusted, job)

    def _grade(self, task_id: str, code: str, trusted: bool, job: Job) -> bool:
        if not trusted:
            raise ExecutionRefused(_UNTRUSTED)
        layer = self.grader.describe_sandbox()  # people should know what their machine runs how
        with job.stage("grade", f"Running the tests of {task_id} ({layer})"):
            verdict = self.grader.grade(task_id, code, job.checkpoint)
        job.emit(verdict)
        return verdict.passed

    def _explain(self, request: ExplainRequest, job: Job) -> None:
        case = self._case(request, job)
        if case is not None and not request.search_only:
            self._attribute(case, job)

    def _graph(self, request: GraphRequest, job: Job) -> None:
        check_request(request)
        case = self._case(request.explain, job, request.layers)
        if case is not None:
            self._attribute(case, job)
            with job.stage("graph", "Following the difference through the layers"):
                job.emit(build_graph(case, request, job))

    def _faithfulness(self, request: FaithfulnessRequest, job: Job) -> None:
        faithfulness.check_seconds(request.seconds)
        case = self._case(request.explain, job)
        if case is not None:
            found = self._attribute(case, job)
            with job.stage("faithfulness", "Taking tokens away to see what happens"):
                job.emit(
                    faithfulness.measure(
                        case, found, full=request.full, seconds=request.seconds, job=job
                    )
                )

    def _compare(self, request: CompareRequest, job: Job) -> None:
        case = self._case(request.explain, job)
        if case is not None:
            self._attribute(case, job)
            sibling = self._load_sibling(request.sibling, job)
            with job.stage("compare", f"Asking {sibling.name} about the same choice"):
                job.emit(
                    compare_models.compare(
                        case, self._task(case.generation.task_id, job), sibling, job
                    )
                )

    def _margin(self, request: MarginRequest, job: Job) -> None:
        """Nothing is run, so no trust is asked for."""
        explain = request.explain
        task = self._task(task_id_of(explain), job, explain.code)
        code = task.prompt + explain.code if explain.completion else explain.code
        loaded = self._load(explain.settings, job)
        with job.stage("margin", "Asking what the model thinks of it now"):
            read = read_tokens(explain, task, code, loaded)
            job.emit(self._prefix_cache.margin(request, read, loaded, job.checkpoint))

    def _curve(self, request: CurveRequest, job: Job) -> None:
        """Where the tests fail: tokens, then curves. No pair is looked for: no rules are needed."""
        pass_curve.check(request)
        explain = request.explain
        task = self._task(task_id_of(explain), job, explain.code)
        code = task.prompt + explain.code if explain.completion else explain.code
        if self._grade(task.task_id, code, explain.trusted, job):
            return
        loaded = self._load(explain.settings, job)
        generation = self._read(explain, task, code, loaded, job)
        with job.stage("curve", "Sampling how the model goes on"):
            prefix = self._prefix_cache.prefix(loaded, generation, explain.top_k, job.checkpoint)
            for event in pass_curve.curve(
                request, task, generation, prefix, loaded, self.grader, job
            ):
                job.emit(event)

    def _verify(self, request: VerifyRequest, job: Job) -> None:
        if not request.trusted:
            raise ExecutionRefused(_UNTRUSTED)
        task = self._task(request.task_id, job)
        if self.grader.grade_many(task.task_id, [request.code], job.checkpoint)[0].passed:
            raise InvalidRequest(
                f"The sample in the record of {task.task_id} passes the tests that are here "
                f"({task.version}); the record was made with others."
            )
        loaded = self._load(request.settings, job)
        for pair in request.pairs:
            with job.stage("verify", f"Replaying {pair.contrast.text!r} of {task.task_id}"):
                program = verify_repair.program(request, pair, task, loaded, job.checkpoint)
                (verdict,) = self.grader.grade_many(task.task_id, [program], job.checkpoint)
                same = program == pair.repaired_program
                job.emit(Verification(pair, reproduced=same, passed=verdict.passed))

    def _read(
        self, request: ExplainRequest, task: Task, code: str, loaded: LoadedModel, job: Job
    ) -> Generation:
        """The sample's tokens with their alternatives."""
        with job.stage("score", "Reading the sample"):
            generation = self._scored(
                loaded, read_tokens(request, task, code, loaded), job, request.top_k
            )
        job.emit(generation)
        return generation

    def _attribute(self, case: Case, job: Job) -> Attribution:
        with job.stage("attribute", "Attributing the difference"):
            found = attribute.relevance(case, job)
            job.emit(found)
        return found

    def _case(
        self, request: ExplainRequest, job: Job, layers: tuple[int, ...] | None = None
    ) -> Case | None:
        """The pair to be explained; None where the tests pass or no pair is proved.

        A pair that is given is taken as it is: nothing is run then.
        """
        method, kind = Method.named(request.method), ObjectiveKind.named(request.objective)
        task, pair = self._task(task_id_of(request), job, request.code), request.pair
        code = task.prompt + request.code if request.completion else request.code
        chosen = pair is not None or request.flip is not None
        if not chosen and self._grade(task.task_id, code, request.trusted, job):
            return None
        loaded = self._load(request.settings, job)
        if not request.search_only:
            check_model(loaded, layers)  # before the search, not after it
        generation = self._read(request, task, code, loaded, job)
        if request.flip is not None:
            pair = manual_pair.pair_of(request.flip, generation, loaded, job.checkpoint)
            job.emit(pair)
        elif pair is not None:
            check_pair(pair, generation, loaded.model.config.vocab_size)
        else:
            pairs = self._search(request, task, generation, loaded, job)
            pair = best(pairs) if pairs else None
        return None if pair is None else Case(loaded, generation, pair, method, kind)

    def _search(
        self,
        request: ExplainRequest,
        task: Task,
        generation: Generation,
        loaded: LoadedModel,
        job: Job,
    ) -> list[ContrastPair]:
        """All proved pairs, streamed. What an earlier request found comes first and at once."""
        with job.stage("search", "Looking for the token that broke it"):
            prefix = self._prefix_cache.prefix(loaded, generation, request.top_k, job.checkpoint)
            sibling = self._load_sibling(request.sibling, job) if request.sibling else None
            search = self._searches.of(request, task, generation, prefix, loaded, sibling, job)
            for event in self._searches.run(search, request, job):
                job.emit(event)
        return list(search.findings.pairs.values())

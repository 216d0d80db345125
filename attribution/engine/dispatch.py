"""The only file that knows the order of the stages.

An Engine owns the loaded model and the test runner. It computes one request at a time, in the
thread of its caller, and hands every result to `emit` as soon as it is there.
"""

from attribution.decoding import TOP_K
from attribution.engine.resident import ResidentModels
from attribution.engine.stages import generate, manual_pair, pass_curve, verify_repair
from attribution.engine.stages.explain import attribute, compare_models, faithfulness
from attribution.engine.stages.explain.case import Case, check_model, check_pair
from attribution.engine.stages.explain.graph import build_graph, check_request
from attribution.engine.stages.fault_search import subject_of
from attribution.engine.stages.read_sample import (
    Program,
    read_task,
    read_tokens,
    sandbox_of,
    task_id_of,
)
from attribution.errors import ExecutionRefused, InvalidRequest, ResourceExhausted
from attribution.faults.ranking import best
from attribution.grading.grader import Grader
from attribution.job import Job
from attribution.lrp.objective import ObjectiveKind
from attribution.lrp.settings import Method
from attribution.models.loader import LoadedModel, is_out_of_memory
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
    """The models and the test runner, kept between requests."""

    def __init__(self) -> None:
        self.grader = Grader()
        self.models = ResidentModels(self.grader)

    def close(self) -> None:
        self.models.unload()
        self.grader.close()

    def run(self, request: EngineRequest, job: Job) -> None:
        """Compute one request; its last event is Timings."""
        try:
            self._answer(request, job)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            self.models.forget()
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

    def _program(self, request: ExplainRequest, job: Job) -> Program:
        """The task of a request about a sample, and the whole program."""
        task = self._task(task_id_of(request), job, request.code)
        return Program(task, task.prompt + request.code if request.completion else request.code)

    def _generate(self, request: GenerateRequest, job: Job) -> None:
        generate.check(request)
        tasks = [self._task(task_id, job) for task_id in request.task_ids]
        loaded = self.models.load(request.settings, job)
        with job.stage("generate", f"Writing {generate.names(tasks)}"):
            for made in generate.write(request, tasks, loaded, job):
                with job.stage("score", f"Scoring {made.task_id}"):
                    job.emit(self.models.score(loaded, made, TOP_K, job))

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
            sibling = self.models.load_sibling(request.sibling, job)
            with job.stage("compare", f"Asking {sibling.name} about the same choice"):
                job.emit(
                    compare_models.compare(
                        case, self._task(case.generation.task_id, job), sibling, job
                    )
                )

    def _margin(self, request: MarginRequest, job: Job) -> None:
        """Nothing is run, so no trust is asked for."""
        program = self._program(request.explain, job)
        loaded = self.models.load(request.explain.settings, job)
        with job.stage("margin", "Asking what the model thinks of it now"):
            generation = read_tokens(request.explain, program, loaded)
            cache = self.models.prefix_cache
            job.emit(cache.margin(request, generation, loaded, job.checkpoint))

    def _curve(self, request: CurveRequest, job: Job) -> None:
        """Where the tests fail: tokens, then curves. No pair is looked for: no rules are needed."""
        pass_curve.check(request)
        explain = request.explain
        program = self._program(explain, job)
        if self._grade(program.task.task_id, program.code, explain.trusted, job):
            return
        loaded = self.models.load(explain.settings, job)
        generation = self._read(explain, program, loaded, job)
        with job.stage("curve", "Sampling how the model goes on"):
            cache = self.models.prefix_cache
            prefix = cache.prefix(loaded, generation, explain.top_k, job.checkpoint)
            subject = subject_of(program.task, generation, prefix, loaded)
            for event in pass_curve.curve(request, subject, self.grader, job):
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
        loaded = self.models.load(request.settings, job)
        for pair in request.pairs:
            with job.stage("verify", f"Replaying {pair.contrast.text!r} of {task.task_id}"):
                program = verify_repair.program(request, pair, task, loaded, job.checkpoint)
                (verdict,) = self.grader.grade_many(task.task_id, [program], job.checkpoint)
                same = program == pair.repaired_program
                job.emit(Verification(pair, reproduced=same, passed=verdict.passed))

    def _read(
        self, request: ExplainRequest, program: Program, loaded: LoadedModel, job: Job
    ) -> Generation:
        """The sample's tokens with their alternatives."""
        with job.stage("score", "Reading the sample"):
            tokens = read_tokens(request, program, loaded)
            generation = self.models.score(loaded, tokens, request.top_k, job)
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
        program, pair = self._program(request, job), request.pair
        chosen = pair is not None or request.flip is not None
        if not chosen and self._grade(program.task.task_id, program.code, request.trusted, job):
            return None
        loaded = self.models.load(request.settings, job)
        if not request.search_only:
            check_model(loaded, layers)  # before the search, not after it
        generation = self._read(request, program, loaded, job)
        if request.flip is not None:
            pair = manual_pair.pair_of(request.flip, generation, loaded, job.checkpoint)
            job.emit(pair)
        elif pair is not None:
            check_pair(pair, generation, loaded.model.config.vocab_size)
        else:
            pairs = self._search(request, program.task, generation, loaded, job)
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
            prefix = self.models.prefix_cache.prefix(
                loaded, generation, request.top_k, job.checkpoint
            )
            sibling = self.models.load_sibling(request.sibling, job) if request.sibling else None
            search = self.models.searches.of(
                request, task, generation, prefix, loaded, sibling, job
            )
            for event in self.models.searches.run(search, request, job):
                job.emit(event)
        return list(search.findings.pairs.values())

"""The only file that knows the order of the stages.

An Engine owns the loaded model and the test runner. It computes one request at a time, in the
thread of its caller, and hands every result to `emit` as soon as it is there.
"""

import torch
from attrs import evolve

from attribution import choosing, explaining, replaying, sampling
from attribution.decoding import TOP_K, Prefix, generate, prefill
from attribution.errors import (
    ExecutionRefused,
    InvalidRequest,
    ResourceExhausted,
)
from attribution.explaining import Case
from attribution.faults.ranking import best
from attribution.generation import (
    from_completion,
    with_scores,
)
from attribution.grading.grader import Grader
from attribution.job import Job
from attribution.lrp.ledger import Method
from attribution.lrp.objective import ObjectiveKind
from attribution.models.loader import LoadedModel, is_out_of_memory, load
from attribution.prompts import build_prompt, build_stops
from attribution.reading import read_tokens, task_id_of
from attribution.schema import (
    Attribution,
    ContrastPair,
    CurveRequest,
    ExplainRequest,
    FaithfulnessRequest,
    Form,
    GenerateRequest,
    Generation,
    GradeRequest,
    GraphRequest,
    ModelSettings,
    Progress,
    Task,
    Timings,
    Verification,
    VerifyRequest,
    Work,
)
from attribution.searches import Searches

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
        self._prefix: Prefix | None = None  # of the last sample: an edit often asks for it again
        self._sibling: tuple[ModelSettings, LoadedModel] | None = None
        self._searches = Searches(self.grader)

    def close(self) -> None:
        self.unload()
        self.grader.close()

    def unload(self) -> None:
        """Give the model's memory back."""
        self.loaded = self._settings = self._prefix = self._sibling = None
        self._searches.clear()
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
                case CurveRequest():
                    self._curve(request, job)
                case VerifyRequest():
                    self._verify(request, job)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            self._prefix = None
            self._searches.clear()
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

    def _load_sibling(self, settings: ModelSettings, job: Job) -> LoadedModel:
        if self._sibling is None or self._sibling[0] != settings:
            self._sibling = None
            self._sibling = settings, load(settings, job.emit, job.checkpoint)
        return self._sibling[1]

    def _prefill(self, loaded: LoadedModel, generation: Generation, top_k: int) -> Prefix:
        ids = tuple(token.id for token in generation.tokens)
        held = self._prefix
        if held is None or held.ids != ids or held.scores.top_ids.shape[1] != top_k:
            self._prefix = held = None  # free the old cache before making the new one
            held = self._prefix = prefill(loaded.model, ids, generation.prompt_length, top_k)
        return held

    def _scored(
        self, loaded: LoadedModel, generation: Generation, top_k: int = TOP_K
    ) -> Generation:
        scores = self._prefill(loaded, generation, top_k).scores
        named = evolve(generation, model=loaded.name, fingerprint=loaded.fingerprint)
        return with_scores(named, scores, loaded.tokenizer)

    def _generate(self, request: GenerateRequest, job: Job) -> None:
        if request.max_new_tokens < 1:
            raise InvalidRequest("At least one token must be allowed (max_new_tokens).")
        tasks = [self._task(task_id, job) for task_id in request.task_ids]
        loaded = self._load(request.settings, job)
        tokenizer = loaded.tokenizer
        form = request.form if tokenizer.chat_template else Form.DIRECT
        prompts = [build_prompt(task, form, tokenizer) for task in tasks]
        names = tasks[0].task_id if len(tasks) == 1 else f"{len(tasks)} tasks"

        def checkpoint(tokens: int) -> None:
            job.checkpoint()
            if tokens % 16 == 0:
                job.emit(Progress(f"Writing {names}: {tokens} tokens"))

        with job.stage("generate", f"Writing {names}"):
            for index, completion in generate(
                loaded.model,
                tokenizer,
                [
                    (tokenizer(prompt).input_ids, build_stops(task, form, tokenizer))
                    for task, prompt in zip(tasks, prompts, strict=True)
                ],
                max_new_tokens=request.max_new_tokens,
                checkpoint=checkpoint,
            ):
                made = from_completion(tasks[index], form, tokenizer, prompts[index], completion)
                with job.stage("score", f"Scoring {tasks[index].task_id}"):
                    job.emit(self._scored(loaded, evolve(made, finished=completion.finished)))

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
        explaining.check_graph(request)
        case = self._case(request.explain, job, request.layers)
        if case is not None:
            self._attribute(case, job)
            with job.stage("graph", "Following the difference through the layers"):
                job.emit(explaining.graph(case, request, job))

    def _faithfulness(self, request: FaithfulnessRequest, job: Job) -> None:
        explaining.check_seconds(request.seconds)
        case = self._case(request.explain, job)
        if case is not None:
            found = self._attribute(case, job)
            with job.stage("faithfulness", "Taking tokens away to see what happens"):
                job.emit(
                    explaining.trust(
                        case, found, full=request.full, seconds=request.seconds, job=job
                    )
                )

    def _curve(self, request: CurveRequest, job: Job) -> None:
        """Where the tests fail: tokens, then curves. No pair is looked for: no rules are needed."""
        sampling.check(request)
        explain = request.explain
        task = self._task(task_id_of(explain), job)
        code = task.prompt + explain.code if explain.completion else explain.code
        if self._grade(task.task_id, code, explain.trusted, job):
            return
        loaded = self._load(explain.settings, job)
        generation = self._read(explain, task, code, loaded, job)
        with job.stage("curve", "Sampling how the model goes on"):
            prefix = self._prefill(loaded, generation, explain.top_k)
            for event in sampling.curve(
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
                program = replaying.program(request, pair, task, loaded, job.checkpoint)
                (verdict,) = self.grader.grade_many(task.task_id, [program], job.checkpoint)
                same = program == pair.repaired_program
                job.emit(Verification(pair, reproduced=same, passed=verdict.passed))

    def _read(
        self, request: ExplainRequest, task: Task, code: str, loaded: LoadedModel, job: Job
    ) -> Generation:
        """The sample's tokens with their alternatives."""
        with job.stage("score", "Reading the sample"):
            generation = self._scored(
                loaded, read_tokens(request, task, code, loaded), request.top_k
            )
        job.emit(generation)
        return generation

    def _attribute(self, case: Case, job: Job) -> Attribution:
        with job.stage("attribute", "Attributing the difference"):
            found = explaining.relevance(case, job)
            job.emit(found)
        return found

    def _case(
        self, request: ExplainRequest, job: Job, layers: tuple[int, ...] | None = None
    ) -> Case | None:
        """The pair to be explained; None where the tests pass or no pair is proved.

        A pair that is given is taken as it is: nothing is run then.
        """
        method, kind = Method.named(request.method), ObjectiveKind.named(request.objective)
        task, pair = self._task(task_id_of(request), job), request.pair
        code = task.prompt + request.code if request.completion else request.code
        chosen = pair is not None or request.flip is not None
        if not chosen and self._grade(task.task_id, code, request.trusted, job):
            return None
        loaded = self._load(request.settings, job)
        if not request.search_only:
            explaining.check_model(loaded, layers)  # before the search, not after it
        generation = self._read(request, task, code, loaded, job)
        if request.flip is not None:
            pair = choosing.pair_of(request.flip, generation, loaded)
            job.emit(pair)
        elif pair is not None:
            explaining.check_pair(pair, generation, loaded.model.config.vocab_size)
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
            prefix = self._prefill(loaded, generation, request.top_k)
            sibling = self._load_sibling(request.sibling, job) if request.sibling else None
            search = self._searches.of(request, task, generation, prefix, loaded, sibling, job)
            for event in self._searches.run(search, request, job):
                job.emit(event)
        return list(search.findings.pairs.values())

"""Which task a request is about, and which tokens its sample consists of.

These are the tokens of its trace, or its text tokenised anew.
"""

from pathlib import Path

from attrs import frozen

from attribution.errors import InvalidSample
from attribution.grading.grader import Grader
from attribution.job import Job
from attribution.models.loader import LoadedModel
from attribution.samples import files
from attribution.samples.tokenisation import from_text, is_consistent, split_sample
from attribution.schema import (
    EngineRequest,
    ExplainRequest,
    Generation,
    GradeRequest,
    Task,
    VerifyRequest,
    doctest_function,
    task_id_from_path,
)

_LONGEST_OUTPUT = 4096  # tokens; the scores of so many take 2.5 GB with 152 000 words


@frozen
class Program:
    """What a request about a sample is about."""

    task: Task
    code: str  # of the whole program, the task's prompt included


def task_id_of(request: ExplainRequest) -> str:
    """Raises InvalidSample where neither the request nor its path names one."""
    task_id = request.task_id or task_id_from_path(request.path or "")
    if task_id is None:
        raise InvalidSample(
            "Which task does this sample solve? Put it into a folder named after the task "
            "(HumanEval_65/0.py) or name the task."
        )
    return task_id


def read_task(task_id: str, code: str, grader: Grader, job: Job) -> Task:
    """EvalPlus' task of that id, or the one that the docstring examples in `code` set.

    Raises UnknownTask, DataUnavailable, and InvalidSample where no example can be judged.
    """
    function = doctest_function(task_id)
    if function is not None and code:
        return grader.examples(function, code, job.checkpoint)
    return grader.task(task_id, job.checkpoint)


def sandbox_of(request: EngineRequest) -> str:
    """The sandbox that a request wants for what it runs; those that do not say take any."""
    asked = getattr(request, "explain", request)
    told = ExplainRequest | GradeRequest | VerifyRequest
    return asked.sandbox if isinstance(asked, told) else "auto"


def read_tokens(request: ExplainRequest, program: Program, loaded: LoadedModel) -> Generation:
    """The trace where it is about this very text and model, else the text re-tokenised.

    Raises InvalidSample for a text without the task's prompt, or for one that is too long.
    """
    task, code = program.task, program.code
    trace = files.read_trace(Path(request.path)) if request.path else None
    if (
        trace is not None
        and trace.code == code
        and trace.fingerprint == loaded.fingerprint
        and is_consistent(trace, loaded.model.config.vocab_size)
        and request.form in (None, trace.form)
        and request.prompt in (None, trace.prompt)
    ):
        return trace
    form = request.form or (trace.form if trace else None)
    split = split_sample(code, task, loaded.tokenizer, form, request.prompt)
    generation = from_text(task, split, loaded.tokenizer)
    require_length(generation, loaded)
    return generation


def require_length(generation: Generation, loaded: LoadedModel) -> None:
    """Raise InvalidSample for more than the model can read, or than can be scored."""
    count, output = len(generation.tokens), len(generation.tokens) - generation.prompt_length
    window = getattr(loaded.model.config, "max_position_embeddings", None) or count
    if count > window:
        raise InvalidSample(
            f"Prompt and sample have {count} tokens; {loaded.name} reads up to {window}."
        )
    if output > _LONGEST_OUTPUT:
        raise InvalidSample(
            f"The sample has {output} tokens behind its prompt; up to {_LONGEST_OUTPUT} can be "
            "explained."
        )

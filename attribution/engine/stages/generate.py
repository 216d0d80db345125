"""The model writes code for tasks: a generation each, not scored yet."""

from collections.abc import Iterator, Sequence

from attrs import evolve

from attribution.decoding import generate
from attribution.decoding.prompts import build_prompt, build_stops
from attribution.errors import InvalidRequest
from attribution.job import Job
from attribution.models.loader import LoadedModel
from attribution.samples.tokenisation import from_completion
from attribution.schema import Form, GenerateRequest, Generation, Progress, Task


def check(request: GenerateRequest) -> None:
    """Raise InvalidRequest for what makes no sense for any task."""
    if request.max_new_tokens < 1:
        raise InvalidRequest("At least one token must be allowed (max_new_tokens).")


def names(tasks: Sequence[Task]) -> str:
    return tasks[0].task_id if len(tasks) == 1 else f"{len(tasks)} tasks"


def write(
    request: GenerateRequest, tasks: Sequence[Task], loaded: LoadedModel, job: Job
) -> Iterator[Generation]:
    """As they get done: all tasks decode together."""
    tokenizer = loaded.tokenizer
    form = request.form if tokenizer.chat_template else Form.DIRECT
    prompts = [build_prompt(task, form, tokenizer) for task in tasks]

    def checkpoint(tokens: int) -> None:
        job.checkpoint()
        if tokens % 16 == 0:
            job.emit(Progress(f"Writing {names(tasks)}: {tokens} tokens"))

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
        yield evolve(made, finished=completion.finished)

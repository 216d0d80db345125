"""From text to the tokens that the model saw: a fresh completion, a trace, or a foreign sample."""

from collections.abc import Sequence
from difflib import SequenceMatcher

import torch
import tree_sitter_python
from attrs import evolve, frozen
from transformers import PreTrainedTokenizerBase
from tree_sitter import Language, Node, Parser

from attribution.decoding import Completion, Prefix, Scores, tokens
from attribution.decoding.prompts import build_prompt
from attribution.errors import InvalidSample
from attribution.schema import Alternative, Document, Form, Generation, Role, Task, Token

_PARSER = Parser(Language(tree_sitter_python.language()))
_SAME_PROMPT = 0.6  # similarity above which the head of a file counts as the (edited) prompt


@frozen
class Split:
    """A sample's text, cut into what the model read and what it wrote."""

    form: Form
    prompt: str
    output: str

    @property
    def code(self) -> str:
        """The text of the sample file."""
        return self.prompt + self.output if self.form is Form.DIRECT else self.output


def split_sample(
    code: str, task: Task, tokenizer: PreTrainedTokenizerBase, form: Form | None, prompt: str | None
) -> Split:
    """Where the prompt ends in a sample without a fitting trace.

    In direct form that is the end of the task's docstring, edited or not. A sample that does not
    begin with the prompt was written in answer to a chat prompt.
    """
    if not code.strip():
        raise InvalidSample("The sample is empty.")
    head = build_prompt(task, Form.DIRECT, tokenizer)
    if form is not Form.CHAT:
        end = len(head) if code.startswith(head) else _docstring_end(code, task)
        known = end and SequenceMatcher(None, head, code[:end]).ratio() > _SAME_PROMPT
        if end and (form is Form.DIRECT or known):
            return Split(Form.DIRECT, code[:end], code[end:])
        if form is Form.DIRECT:
            raise InvalidSample(
                f"The sample does not begin with the prompt of {task.task_id}: "
                f"no docstring of {task.entry_point} was found."
            )
    if prompt is not None and not prompt.strip():
        raise InvalidSample("The prompt is empty.")
    return Split(Form.CHAT, prompt or build_prompt(task, Form.CHAT, tokenizer), code)


def _docstring_end(code: str, task: Task) -> int:
    """Code points up to and including the line that ends the prompt's docstring; 0 if none."""
    data = code.encode()
    root = _PARSER.parse(data).root_node
    scopes = [root, *(body for body in map(_body, root.children) if _names(body, task.entry_point))]
    ends = [first.end_byte for scope in scopes if (first := _docstring(scope)) is not None]
    if not ends:
        return 0
    newline = data.find(b"\n", max(ends))
    return len(data[: newline + 1].decode()) if newline >= 0 else 0


def _body(node: Node) -> Node | None:
    inner = node.child_by_field_name("definition") or node  # of a decorated function
    return inner.child_by_field_name("body") if inner.type == "function_definition" else None


def _names(body: Node | None, name: str) -> bool:
    function = body.parent if body is not None else None
    found = function.child_by_field_name("name") if function is not None else None
    return found is not None and found.text == name.encode()


def _docstring(scope: Node | None) -> Node | None:
    """The string that a block begins with."""
    first = next((c for c in scope.named_children if c.type != "comment"), None) if scope else None
    if first is None or first.type != "expression_statement" or not first.named_children:
        return None
    return first if first.named_children[0].type == "string" else None


def from_completion(
    task: Task,
    form: Form,
    tokenizer: PreTrainedTokenizerBase,
    prompt: str,
    completion: Completion,
) -> Generation:
    """What the model just wrote, with the exact ids; alternatives are added by `with_scores`."""
    prompt_ids, prompt_spans = tokens.encode(tokenizer, prompt, special=True)
    _, spans = tokens.decode_spans(tokenizer, completion.ids, prompt_ids[-1])
    return _assemble(
        task,
        Split(form, prompt, completion.text),
        (prompt_ids, prompt_spans),
        (completion.ids, tokens.clip(spans, len(completion.text))),
        set(tokenizer.all_special_ids),
    )


def from_text(task: Task, split: Split, tokenizer: PreTrainedTokenizerBase) -> Generation:
    """A sample without a fitting trace: prompt and output are tokenised apart, as in decoding."""
    output_ids, output_spans = tokens.encode(tokenizer, split.output, special=False)
    generation = _assemble(
        task,
        split,
        tokens.encode(tokenizer, split.prompt, special=True),
        (output_ids, output_spans),
        set(tokenizer.all_special_ids),
    )
    return evolve(generation, retokenized=True)


def _assemble(
    task: Task,
    split: Split,
    prompt: tuple[Sequence[int], Sequence[tokens.Span]],
    output: tuple[Sequence[int], Sequence[tokens.Span]],
    special: set[int],
) -> Generation:
    direct = split.form is Form.DIRECT
    where = Document.CODE if direct else Document.PROMPT
    shift = len(split.prompt) if direct else 0
    sequence = [
        Token(
            i,
            split.prompt[a:b],
            where,
            a,
            b,
            Role.TEMPLATE if i in special or n == 0 else Role.PROMPT,
        )
        for n, (i, (a, b)) in enumerate(zip(*prompt, strict=True))
    ]
    sequence += [
        Token(i, split.output[a:b], Document.CODE, a + shift, b + shift, Role.OUTPUT)
        for i, (a, b) in zip(*output, strict=True)
    ]
    return Generation(
        task_id=task.task_id,
        form=split.form,
        model="",
        fingerprint="",
        prompt=split.prompt,
        code=split.code,
        tokens=tuple(sequence),
        prompt_length=len(prompt[0]),
        alternatives=(),
        finished=True,
    )


def is_consistent(trace: Generation, vocabulary: int) -> bool:
    """Whether a trace, which is a file that anybody may have written, is about its own texts."""
    texts = {Document.CODE: trace.code, Document.PROMPT: trace.prompt}
    return 0 < trace.prompt_length < len(trace.tokens) and all(
        0 <= token.id < vocabulary
        and 0 <= token.start <= token.end
        and texts[token.document][token.start : token.end] == token.text
        for token in trace.tokens
    )


def with_scores(
    generation: Generation, prefix: Prefix, tokenizer: PreTrainedTokenizerBase
) -> Generation:
    """The same generation with the likeliest tokens at each position but the first."""
    return evolve(
        generation,
        alternatives=_likeliest(generation.prompt_length, prefix.scores, prefix.ids, tokenizer),
        prompt_alternatives=((), *_likeliest(1, prefix.prompt_scores, prefix.ids, tokenizer)),
    )


def _likeliest(
    start: int, scores: Scores, ids: Sequence[int], tokenizer: PreTrainedTokenizerBase
) -> tuple[tuple[Alternative, ...], ...]:
    """Of the positions from `start` on."""
    probabilities = torch.exp(scores.top_logits - scores.log_normalizer[:, None])
    columns = zip(
        scores.top_ids.tolist(), scores.top_logits.tolist(), probabilities.tolist(), strict=True
    )
    rows = []
    for place, (listed, logits, chances) in enumerate(columns, start):
        texts = tokens.decode_each(tokenizer, ids[place - 1], listed)
        rows.append(tuple(map(Alternative, listed, texts, logits, chances)))
    return tuple(rows)

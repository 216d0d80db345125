"""What the model read and wrote, token by token."""

from enum import StrEnum

from attrs import frozen


class Form(StrEnum):
    """How the model was asked (EvalPlus' two prompt forms)."""

    DIRECT = "direct"  # prompt and completion are one Python file
    CHAT = "chat"  # the prompt is a document of its own


class Document(StrEnum):
    """Which text a span lies in."""

    CODE = "code"  # the sample file
    PROMPT = "prompt"  # the prompt as the model saw it (chat form only)


class Role(StrEnum):
    """Where a token comes from."""

    TEMPLATE = "template"  # special tokens, chat template and the first token (attention sink)
    PROMPT = "prompt"
    OUTPUT = "output"  # written by the model


@frozen
class Token:
    """One token of the sequence that the model saw."""

    id: int
    text: str  # may be empty or U+FFFD where a character spans several tokens
    document: Document
    start: int
    end: int
    role: Role


@frozen
class Alternative:
    """What the model could have written at one position."""

    id: int
    text: str
    logit: float
    probability: float


@frozen
class Generation:
    """The exact tokens of one sample: prompt and output.

    `tokens[:prompt_length]` is the prompt. `alternatives[k]` are the likeliest tokens at output
    position k, best first, and `prompt_alternatives[k]` those at prompt position k (none at the
    first). `code` is the text of the sample file; `prompt` is the text of the prompt document
    (equal to the head of `code` in direct form).
    """

    task_id: str
    form: Form
    model: str  # as the user named it
    fingerprint: str  # of weights and tokenizer
    prompt: str
    code: str
    tokens: tuple[Token, ...]
    prompt_length: int
    alternatives: tuple[tuple[Alternative, ...], ...]
    finished: bool  # a stop sequence or end token was reached
    retokenized: bool = False  # no trace: these are not provably the tokens the model produced
    prompt_alternatives: tuple[tuple[Alternative, ...], ...] = ()

    def cut(self, position: int) -> int:
        """Code points of `code` that are kept where the tokens before this output position are."""
        rest = self.tokens[position:]
        return rest[0].start if rest else len(self.code)

    def likeliest(self, index: int) -> tuple[Alternative, ...]:
        """What the model expected in the place of a token, as far as it was asked."""
        rows, step = self.prompt_alternatives, index
        if index >= self.prompt_length:
            rows, step = self.alternatives, index - self.prompt_length
        return rows[step] if 0 <= step < len(rows) else ()

"""A small sample and what an engine would say about it, built from readable pieces."""

from attribution.schema import (
    Alternative,
    Attribution,
    ContrastPair,
    Document,
    Form,
    Generation,
    Margin,
    Origin,
    Role,
    ScoredToken,
    Status,
    Suite,
    Token,
    TokenChoice,
    Verdict,
)

T, P, W = Role.TEMPLATE, Role.PROMPT, Role.OUTPUT

PIECES = [
    ("def", T),
    (" f", P),
    ("(x):\n", P),
    ("    return", W),
    (" x", W),
    (" <=", W),
    (" 0", W),
    ("\n", W),
]
TARGET = 5  # " <="
CODE = "".join(text for text, _ in PIECES)
RELEVANCE = (3.0, 0.5, -0.25, 1.0, 0.05)


def tokens(pieces: list[tuple[str, Role]]) -> tuple[Token, ...]:
    """Neighbouring tokens of one document."""
    made, start = [], 0
    for index, (text, role) in enumerate(pieces):
        made.append(Token(index, text, Document.CODE, start, start + len(text), role))
        start += len(text)
    return tuple(made)


def generation(
    made: tuple[Token, ...] = tokens(PIECES), code: str = CODE, prompt: str = ""
) -> Generation:
    """The model is sure of all it wrote, except for the target."""
    prompt_length = sum(token.role is not Role.OUTPUT for token in made)
    alternatives = tuple(
        (Alternative(token.id, token.text, 2.0, 0.75), Alternative(90, " <", 0.5, 0.125))
        for token in made[prompt_length:]
    )
    return Generation(
        task_id="HumanEval/0",
        form=Form.DIRECT,
        model="tiny",
        fingerprint="0",
        prompt=prompt,
        code=code,
        tokens=made,
        prompt_length=prompt_length,
        alternatives=alternatives,
        finished=True,
    )


def pair(position: int = TARGET, logit_diff: float = 1.32, contrast: str = " <") -> ContrastPair:
    return ContrastPair(
        position=position,
        target=TokenChoice(position, PIECES[position][0], 1),
        contrast=TokenChoice(90, contrast, 2),
        logit_diff=logit_diff,
        origin=Origin.VERIFIED,
    )


def margin(logit_diff: float, first: int = TARGET) -> Margin:
    """Δℓ of `pair()` in an edited text; `first` is what the model would write."""
    target = ScoredToken(TARGET, " <=", 2.0 + logit_diff, 0.61, 1 if first == TARGET else 2)
    contrast = ScoredToken(90, " <", 2.0, 0.27, 1 if first == 90 else 2)
    return Margin(TARGET, target, contrast, target if first == TARGET else contrast, 3, 7)


def attribution(
    relevance: tuple[float, ...] = RELEVANCE, chosen: ContrastPair | None = None
) -> Attribution:
    return Attribution(
        pair=chosen or pair(),
        method="attnlrp",
        logit_diff=1.32,
        relevance=relevance,
        sum=1.1,
        leak=0.2,
        bias=0.02,
    )


FAILING = Verdict(
    task_id="HumanEval/0",
    status=Status.FAIL,
    suites=(Suite.BASE, Suite.PLUS),
    suite=Suite.BASE,
    failing_input="f(0)",
    expected="False",
    actual="True",
    message="Wrong result.",
)
PASSING = Verdict(
    task_id="HumanEval/0", status=Status.PASS, suites=(Suite.BASE, Suite.PLUS), message="Passes."
)

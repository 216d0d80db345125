"""How tokens, values and verdicts are spelled for a person."""

import re

from attribution.schema import (
    Attribution,
    ContrastPair,
    Origin,
    SearchReport,
    Status,
    Verdict,
)

_VISIBLE = {" ": "␣", "\n": "⏎", "\r": "␍", "\t": "⇥"}
_MAX_CHARACTERS = 160  # characters of an input or a result in a message

_PROOF = {
    Origin.VERIFIED: "proved by execution",
    Origin.SUBSTITUTED: "proved by execution, all else left as it was",
    Origin.TWO_TOKENS: "proved by execution together with a second token",
    Origin.SIBLING: "proposed by the sibling model, proved by execution",
    Origin.MANUAL: "chosen by hand, not proved",
}

_OUTCOME = {
    Status.PASS: "Passes its tests",
    Status.FAIL: "Fails",
    Status.TIMEOUT: "Does not finish",
    Status.CRASH: "Crashes",
    Status.SYNTAX: "Is no Python",
}


def visible(text: str) -> str:
    """Token text with white space and control characters made visible."""
    if text in ("", "\ufffd"):
        return "(part of a character)"
    return "".join(_VISIBLE.get(c) or (c if c.isprintable() else ascii(c)[1:-1]) for c in text)


def code_span(text: str) -> str:
    """`text` as a Markdown code span, whatever backticks it contains; it must be one line."""
    fence = _fence(text, 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fenced(language: str, text: str) -> str:
    """Lines as a Markdown code block."""
    fence = _fence(text, 3)
    return f"{fence}{language}\n{text}\n{fence}"


def _fence(text: str, minimum: int) -> str:
    """More backticks than any run of them in `text`."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(minimum, longest + 1)


def escaped(text: str) -> str:
    """`text` literally, whatever signs of Markdown it contains."""
    return re.sub(r"([\\`*_\[<~&])", r"\\\1", text)


def token(text: str) -> str:
    """A token as a code span."""
    return code_span(visible(text))


def table_cell(text: str) -> str:
    """For a cell of a Markdown table, which is cut at its bars before anything else is read."""
    return text.replace("|", "\\|")


def shortened(value: str, limit: int = _MAX_CHARACTERS) -> str:
    """A value cut in its middle: both ends of a long list say something."""
    value = " ".join(value.split())
    if len(value) <= limit:
        return value
    half = (limit - 1) // 2
    return f"{value[:half]}…{value[-half:]}"


def number(value: float) -> str:
    """`0.41`, `−0.41`."""
    return f"{value:.2f}".replace("-", "−")


def signed(value: float) -> str:
    """`+0.41`, `−0.41`, `+0.0012`: small ones with more digits, never an exponent."""
    digits = 2 if abs(value) >= 0.1 else 4
    return f"{value:+.{digits}f}".replace("-", "−")


def _failing_test(verdict: Verdict) -> str:
    """One sentence: which test fails, and how."""
    if verdict.failing_input is None:
        return verdict.message or f"Fails its tests ({verdict.status.value})."
    suite = f"{verdict.suite.value} test" if verdict.suite else "test"
    test = f"{suite} {code_span(shortened(verdict.failing_input))}"
    if verdict.status is Status.TIMEOUT:
        return f"Does not finish in time on {test}."
    if verdict.exception is not None:
        return f"Fails {test}: raises {shortened(verdict.exception)}."
    if verdict.expected is None or verdict.actual is None:
        return verdict.message or f"Fails {test}."
    expected, actual = shortened(verdict.expected), shortened(verdict.actual)
    return f"Fails {test}: expected {expected}, got {actual}."


def describe_outcome(verdict: Verdict, pair: ContrastPair | None) -> str:
    """The verdict and its cause in a few words, for places with room for no more."""
    suite = f" on a {verdict.suite.value} test" if verdict.suite else ""
    text = f"{_OUTCOME[verdict.status]}{suite}"
    if pair is None:
        return text
    change = f"{visible(pair.target.text)} → {visible(pair.contrast.text)}"
    return f"{text} · {change} · Δℓ = {number(pair.logit_diff)}"


def _limits(verdict: Verdict) -> str:
    """What limits the verdict, as a sentence; empty where nothing does."""
    text = verdict.note.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def describe_failure(verdict: Verdict, cause: str) -> str:
    """The failure, what is known of its cause, and what limits the verdict."""
    return " ".join(filter(None, (_failing_test(verdict), cause, _limits(verdict))))


def describe_own_share(report: SearchReport | None) -> str:
    """A sentence on a sample that the model would have written otherwise; empty for its own."""
    if report is None or report.own_share >= 1:
        return ""
    share = min(99, round(100 * report.own_share))  # some are another's
    return f"The model itself would have chosen {share}% of the tokens of this sample."


def describe_pair(pair: ContrastPair, *, weak: bool, where: str = " here") -> str:
    """One sentence: what the model wrote, and what it would have had to write."""
    target, contrast = token(pair.target.text), token(pair.contrast.text)
    mark = ", weak" if weak else ""
    if pair.origin is Origin.MANUAL:
        outcome = f"compared with {contrast}"
    else:
        outcome = f"with {contrast} the tests pass"
    proof = _PROOF[pair.origin]
    if pair.second is not None:  # neither of the two repairs it alone
        second = f"{token(pair.second.token.text)} for {token(pair.second.written.text)}"
        proof = f"proved by execution together with {second} further on"
    return (
        f"The model wrote {target}{where}; {outcome} "
        f"(Δℓ = {number(pair.logit_diff)}{mark}, {proof})."
    )


def describe_relevance(pair: ContrastPair, relevance: float, total: float) -> str:
    """How strongly a token speaks for which side; `total` is all relevance without its signs."""
    favoured = pair.target if relevance > 0 else pair.contrast
    return (
        f"{signed(relevance)} ({abs(relevance) / total:.0%} of all relevance) "
        f"towards {token(favoured.text)}"
    )


def describe_completeness(attribution: Attribution) -> str:
    """What Δℓ consists of, and what it is about."""
    name, missing = attribution.missing
    total, own, rest, bias = map(
        number, (attribution.logit_diff, attribution.sum, missing, attribution.bias)
    )
    sentences = (
        f"Δℓ {total} = tokens {own} + {name} {rest} + bias {bias} ({attribution.method}).",
        attribution.caveat,
        "It is about this one choice, with every token before it held fixed.",
    )
    return " ".join(filter(None, sentences))

"""How tokens, values and verdicts are spelled for a person."""

import re

from attribution.schema import ContrastPair, Origin, Status, Verdict

WEAK = 1.0  # natural-log units; a smaller Δℓ is marked weak

_SHOWN = {" ": "␣", "\n": "⏎", "\r": "␍", "\t": "⇥"}
_LONGEST_VALUE = 160  # characters of an input or a result in a message

_PROOF = {
    Origin.VERIFIED: "proved by execution",
    Origin.SIBLING: "proposed by the sibling model, not proved",
    Origin.MANUAL: "chosen by hand, not proved",
}


def visible(text: str) -> str:
    """Token text with white space and control characters made visible."""
    if text in ("", "\ufffd"):
        return "(part of a character)"
    return "".join(_SHOWN.get(c) or (c if c.isprintable() else ascii(c)[1:-1]) for c in text)


def code_span(text: str) -> str:
    """`text` as a Markdown code span, whatever backticks it contains; it must be one line."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def token(text: str) -> str:
    """A token as a code span."""
    return code_span(visible(text))


def shortened(value: str, longest: int = _LONGEST_VALUE) -> str:
    """A value cut in its middle: both ends of a long list say something."""
    value = " ".join(value.split())
    if len(value) <= longest:
        return value
    half = (longest - 1) // 2
    return f"{value[:half]}…{value[-half:]}"


def number(value: float) -> str:
    """`0.41`, `−0.41`."""
    return f"{value:.2f}".replace("-", "−")


def signed(value: float) -> str:
    """`+0.41`, `−0.41`, `+0.0012`: small ones with more digits, never an exponent."""
    digits = 2 if abs(value) >= 0.1 else 4
    return f"{value:+.{digits}f}".replace("-", "−")


def failure(verdict: Verdict) -> str:
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


def note(verdict: Verdict) -> str:
    """What limits the verdict, as a sentence; empty where nothing does."""
    text = verdict.note.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def choice(pair: ContrastPair) -> str:
    """One sentence: what the model wrote, and what it would have had to write."""
    target, contrast = token(pair.target.text), token(pair.contrast.text)
    weak = ", weak" if pair.logit_diff < WEAK else ""
    if pair.origin is Origin.VERIFIED:
        outcome = f"with {contrast} the tests pass"
    else:
        outcome = f"compared with {contrast}"
    return (
        f"The model wrote {target} here; {outcome} "
        f"(Δℓ = {number(pair.logit_diff)}{weak}, {_PROOF[pair.origin]})."
    )

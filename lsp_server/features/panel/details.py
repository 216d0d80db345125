"""All that is known about an explained sample, as JSON for a panel; nothing is computed for it.

    version, taskId, running
    model         who is asked: name, and `retokenized` where there was no trace
    verdict       {passed, words}: null until the tests have run; words are Markdown, as in hovers
    pair          the pair that is shown: {position, target, contrast {text, rank}, logitDiff,
                  origin, weak, words, place}; null where there is none
    pairs         all that were proved, likewise, each with its contrast's id
    choices       {promptLength, rows}: the likeliest tokens at each output position, best first,
                  each {id, text, probability, written}
    attribution   {method, objective, logitDiff, sum, leak, bias, words}
    tokens        those before the target: {index, text, role, document, relevance, place}
    profile       [layer][token] of the same tokens: at the embedding, then at the end of each layer
    repair        {program, diff, editable}: of the pair that is shown; whether it can be applied
    trust         {words, complete, agreements, lines}: what interventions say
    sibling       name of the model to compare with, null where the settings name none

`place` is a range of LSP in the document that the token or pair lies in (code or prompt).
"""

import difflib
from collections.abc import Sequence
from typing import Any

from attrs import asdict, frozen

from attribution.errors import InvalidRequest
from attribution.schema import (
    Attribution,
    ContrastPair,
    Document,
    Estimate,
    Faithfulness,
    Generation,
)
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.relevance import to_json_range
from lsp_server.protocol.positions import LineIndex, Span
from lsp_server.state import wording
from lsp_server.state.session import Session, SessionState
from lsp_server.state.settings import Settings
from lsp_server.state.tokens import token_span

Json = dict[str, Any]

_LINES = 12  # strongest effects of taking a line away


@frozen
class Explained:
    """A session whose pair is attributed, to ask more about."""

    session: Session
    generation: Generation
    attribution: Attribution

    @classmethod
    def of(cls, session: Session | None) -> "Explained":
        """Raises InvalidRequest where there is no attribution."""
        known = session.explanation if session else None
        if session and known and known.generation and known.attribution:
            return cls(session, known.generation, known.attribution)
        running = session is not None and session.state is SessionState.RUNNING
        then = "It is being explained." if running else "Explain it first."
        raise InvalidRequest(f"There is no heat map of this sample yet. {then}")


def to_details(session: Session, settings: Settings) -> Json:
    known, snapshot = session.explanation, session.snapshot
    generation, pair = known.generation, known.pair
    shown: Json = {
        "version": snapshot.version,
        "taskId": session.task_id,
        "running": session.state is SessionState.RUNNING,
        "sibling": settings.sibling,
        "model": None,
        "verdict": None,
        "pair": None,
        "pairs": [],
        "choices": None,
        "attribution": None,
        "tokens": [],
        "profile": [],
        "repair": _repair(snapshot, pair),
        "trust": None,
    }
    if known.verdict is not None:
        told = known.search.message if known.search else ""
        more = " ".join(filter(None, (told, wording.describe_own_share(known.search))))
        text = wording.describe_failure(known.verdict, more)
        shown["verdict"] = {"passed": known.verdict.passed, "words": text}
    if generation is not None:
        shown["model"] = {"name": generation.model, "retokenized": generation.retokenized}
        shown["choices"] = _choices(generation)
        shown["pairs"] = [_pair(snapshot, generation, one) for one in known.pairs]
        if pair is not None:
            weak = session.view.weak
            shown["pair"] = {**_pair(snapshot, generation, pair), "weak": weak}
            shown["pair"]["words"] = wording.describe_pair(pair, weak=weak, where="")
    if generation is not None and known.attribution is not None:
        shown |= _attribution(snapshot, generation, known.attribution)
        if known.faithfulness is not None:
            shown["trust"] = _trust(generation, known.faithfulness)
    return shown


def places(snapshot: Snapshot, generation: Generation, count: int) -> list[Json]:
    """Ranges of the first tokens, each in its own document."""
    prompt = LineIndex(generation.prompt, snapshot.encoding)
    lines = {Document.CODE: snapshot.lines, Document.PROMPT: prompt}
    return [
        to_json_range(lines[token.document], Span(token.start, token.end))
        for token in generation.tokens[:count]
    ]


def unified_diff(old: str, new: str) -> str:
    """How a repair differs from what the model wrote."""
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "as written", "repaired", lineterm=""
    )
    return "\n".join(lines)


def _pair(snapshot: Snapshot, generation: Generation, pair: ContrastPair) -> Json:
    return {
        "position": pair.position,
        "target": {"id": pair.target.id, "text": pair.target.text, "rank": pair.target.rank},
        "contrast": asdict(pair.contrast),
        "logitDiff": pair.logit_diff,
        "origin": pair.origin.value,
        "place": to_json_range(snapshot.lines, token_span(generation, pair.position)),
    }


def _choices(generation: Generation) -> Json:
    written = generation.tokens[generation.prompt_length :]
    rows = [
        [
            {
                "id": one.id,
                "text": one.text,
                "probability": one.probability,
                "written": one.id == token.id,
            }
            for one in alternatives
        ]
        for token, alternatives in zip(written, generation.alternatives, strict=False)
    ]
    return {"promptLength": generation.prompt_length, "rows": rows}


def _attribution(snapshot: Snapshot, generation: Generation, found: Attribution) -> Json:
    count = len(found.relevance)
    ranges = places(snapshot, generation, count)
    return {
        "attribution": {
            "method": found.method,
            "objective": found.objective,
            "logitDiff": found.logit_diff,
            "sum": found.sum,
            "leak": found.leak,
            "bias": found.bias,
            "words": wording.describe_completeness(found),
        },
        "tokens": [
            {
                "index": index,
                "text": token.text,
                "role": token.role.value,
                "document": token.document.value,
                "relevance": found.relevance[index],
                "place": ranges[index],
            }
            for index, token in enumerate(generation.tokens[:count])
        ],
        "profile": found.profile,
    }


def _repair(snapshot: Snapshot, pair: ContrastPair | None) -> Json | None:
    if pair is None or pair.repaired_program is None or snapshot.sample_line is not None:
        return None
    program = pair.repaired_program
    return {
        "program": program,
        "diff": unified_diff(snapshot.text, program),
        "editable": snapshot.editable,
    }


def _trust(generation: Generation, found: Faithfulness) -> Json:
    strongest = sorted(found.segments, key=lambda one: -abs(one.effect))[:_LINES]
    return {
        "words": found.message,
        "complete": found.complete,
        "agreements": [
            {
                "perturbation": one.perturbation.value,
                "spearman": _figure(one.spearman),
                "topOverlap": _figure(one.top_overlap),
                "measured": one.measured,
                "of": one.of,
            }
            for one in found.agreements
        ],
        "lines": [
            {
                "text": _text(generation, range(one.start, one.end)),
                "effect": one.effect,
                "relevance": one.relevance,
            }
            for one in strongest
        ],
    }


def _figure(found: Estimate) -> Sequence[float]:
    return [found.value, found.low, found.high]


def _text(generation: Generation, tokens: range) -> str:
    """What stands where these tokens of one document stand."""
    first, last = generation.tokens[tokens[0]], generation.tokens[tokens[-1]]
    whole = generation.code if first.document is Document.CODE else generation.prompt
    return whole[first.start : last.end]

"""All that is known about an explained sample, for a panel; nothing is computed for it."""

import difflib

from attrs import evolve, frozen
from lsprotocol import types as lsp

from attribution.errors import InvalidRequest
from attribution.schema import (
    Attribution,
    ContrastPair,
    Document,
    Estimate,
    Faithfulness,
    Generation,
    TokenChoice,
)
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.relevance import to_range
from lsp_server.protocol.messages import (
    AgreementDetails,
    AttributionDetails,
    Choice,
    Choices,
    Details,
    FaithfulnessDetails,
    Figure,
    LineEffect,
    ModelDetails,
    PairDetails,
    RankedToken,
    Repair,
    ShownPair,
    TokenDetails,
    VerdictDetails,
)
from lsp_server.protocol.positions import LineIndex, Span
from lsp_server.state import wording
from lsp_server.state.session import Session, SessionState
from lsp_server.state.settings import Settings
from lsp_server.state.tokens import token_span

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


def to_details(session: Session, settings: Settings) -> Details:
    """What the panel shows of a session."""
    known, snapshot = session.explanation, session.snapshot
    details = Details(
        version=snapshot.version,
        task_id=session.task_id,
        running=session.state is SessionState.RUNNING,
        sibling=settings.sibling,
        verdict=_verdict(session),
        repair=_repair(snapshot, known.pair),
    )
    if (generation := known.generation) is None:
        return details
    details = evolve(
        details,
        model=ModelDetails(generation.model, generation.retokenized),
        choices=_choices(generation),
        pairs=tuple(_pair(snapshot, generation, pair) for pair in known.pairs),
        pair=_shown_pair(session, generation),
    )
    if (attribution := known.attribution) is None:
        return details
    return evolve(
        details,
        attribution=_attribution(attribution),
        tokens=_tokens(snapshot, generation, attribution),
        profile=attribution.profile,
        faithfulness=_faithfulness(generation, known.faithfulness),
    )


def places(snapshot: Snapshot, generation: Generation, count: int) -> tuple[lsp.Range, ...]:
    """Ranges of the first tokens, each in its own document."""
    prompt = LineIndex(generation.prompt, snapshot.encoding)
    lines = {Document.CODE: snapshot.lines, Document.PROMPT: prompt}
    return tuple(
        to_range(lines[token.document], Span(token.start, token.end))
        for token in generation.tokens[:count]
    )


def unified_diff(old: str, new: str) -> str:
    """How a repair differs from what the model wrote."""
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "as written", "repaired", lineterm=""
    )
    return "\n".join(lines)


def _verdict(session: Session) -> VerdictDetails | None:
    known = session.explanation
    if known.verdict is None:
        return None
    searched = known.search.message if known.search else ""
    more = " ".join(filter(None, (searched, wording.describe_own_share(known.search))))
    return VerdictDetails(known.verdict.passed, wording.describe_failure(known.verdict, more))


def _shown_pair(session: Session, generation: Generation) -> ShownPair | None:
    if (pair := session.explanation.pair) is None:
        return None
    weak, details = session.view.weak, _pair(session.snapshot, generation, pair)
    return ShownPair(
        position=details.position,
        target=details.target,
        contrast=details.contrast,
        logit_diff=details.logit_diff,
        origin=details.origin,
        place=details.place,
        weak=weak,
        words=wording.describe_pair(pair, weak=weak, where=""),
    )


def _pair(snapshot: Snapshot, generation: Generation, pair: ContrastPair) -> PairDetails:
    return PairDetails(
        position=pair.position,
        target=_ranked(pair.target),
        contrast=_ranked(pair.contrast),
        logit_diff=pair.logit_diff,
        origin=pair.origin,
        place=to_range(snapshot.lines, token_span(generation, pair.position)),
    )


def _ranked(token: TokenChoice) -> RankedToken:
    return RankedToken(token.id, token.text, token.rank)


def _choices(generation: Generation) -> Choices:
    written = generation.tokens[generation.prompt_length :]
    return Choices(
        generation.prompt_length,
        tuple(
            tuple(
                Choice(other.id, other.text, other.probability, other.id == token.id)
                for other in alternatives
            )
            for token, alternatives in zip(written, generation.alternatives, strict=False)
        ),
    )


def _attribution(attribution: Attribution) -> AttributionDetails:
    return AttributionDetails(
        method=attribution.method,
        objective=attribution.objective,
        logit_diff=attribution.logit_diff,
        sum=attribution.sum,
        leak=attribution.leak,
        bias=attribution.bias,
        words=wording.describe_completeness(attribution),
    )


def _tokens(
    snapshot: Snapshot, generation: Generation, attribution: Attribution
) -> tuple[TokenDetails, ...]:
    count = len(attribution.relevance)
    ranges = places(snapshot, generation, count)
    return tuple(
        TokenDetails(
            index=index,
            text=token.text,
            role=token.role,
            document=token.document,
            relevance=attribution.relevance[index],
            place=ranges[index],
        )
        for index, token in enumerate(generation.tokens[:count])
    )


def _repair(snapshot: Snapshot, pair: ContrastPair | None) -> Repair | None:
    if pair is None or pair.repaired_program is None or snapshot.sample_line is not None:
        return None
    program = pair.repaired_program
    return Repair(program, unified_diff(snapshot.text, program), snapshot.editable)


def _faithfulness(
    generation: Generation, faithfulness: Faithfulness | None
) -> FaithfulnessDetails | None:
    if faithfulness is None:
        return None
    strongest = sorted(faithfulness.segments, key=lambda segment: -abs(segment.effect))[:_LINES]
    return FaithfulnessDetails(
        words=faithfulness.message,
        complete=faithfulness.complete,
        agreements=tuple(
            AgreementDetails(
                perturbation=agreement.perturbation,
                spearman=_figure(agreement.spearman),
                top_overlap=_figure(agreement.top_overlap),
                measured=agreement.measured,
                of=agreement.of,
            )
            for agreement in faithfulness.agreements
        ),
        lines=tuple(
            LineEffect(
                text=_text(generation, range(segment.start, segment.end)),
                effect=segment.effect,
                relevance=segment.relevance,
            )
            for segment in strongest
        ),
    )


def _figure(estimate: Estimate) -> Figure:
    return estimate.value, estimate.low, estimate.high


def _text(generation: Generation, tokens: range) -> str:
    """What stands where these tokens of one document stand."""
    first, last = generation.tokens[tokens[0]], generation.tokens[tokens[-1]]
    whole = generation.code if first.document is Document.CODE else generation.prompt
    return whole[first.start : last.end]

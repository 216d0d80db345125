"""All that one explain request answered, gathered from its events, and its JSON form."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from attrs import asdict, define, field

from attribution.schema import (
    Attribution,
    AttributionGraph,
    ContrastPair,
    Event,
    Faithfulness,
    Generation,
    PassCurve,
    Progress,
    Role,
    SearchReport,
    Timings,
    Token,
    Verdict,
)


@define
class Explanation:
    """Fields stay None where the request did not get that far (e.g. the tests pass)."""

    verdict: Verdict | None = None
    generation: Generation | None = None
    pairs: list[ContrastPair] = field(factory=list)  # all that were proved
    search: SearchReport | None = None
    attribution: Attribution | None = None
    graph: AttributionGraph | None = None
    faithfulness: Faithfulness | None = None
    curve: PassCurve | None = None  # the latest is the most complete
    timings: dict[str, float] = field(factory=dict)

    def add(self, event: Event) -> None:
        match event:
            case Verdict():
                self.verdict = event
            case Generation():
                self.generation = event
            case ContrastPair():
                self.pairs.append(event)
            case SearchReport():
                self.search = event
            case Attribution():
                self.attribution = event
            case AttributionGraph():
                self.graph = event
            case Faithfulness():
                self.faithfulness = event
            case PassCurve():
                self.curve = event
            case Timings():
                self.timings = dict(event.seconds)

    @property
    def proved(self) -> list[ContrastPair]:
        """The last word on each pair: one that was proved twice came twice."""
        told = {
            (p.position, p.contrast.id, p.second and (p.second.position, p.second.token.id)): p
            for p in self.pairs
        }
        return list(told.values())

    def scored_tokens(self) -> list[tuple[Token, float]]:
        """The tokens before the target with their relevance."""
        if self.generation is None or self.attribution is None:
            return []
        count = self.attribution.pair.position
        return list(zip(self.generation.tokens[:count], self.attribution.relevance, strict=True))

    def scale(self) -> float:
        """The largest |relevance| that is not of a template token; 0 where there is none."""
        return max(
            (abs(r) for token, r in self.scored_tokens() if token.role is not Role.TEMPLATE),
            default=0.0,
        )


async def gather(
    events: AsyncIterator[Event],
    on_progress: Callable[[Progress], None],
    explanation: Explanation | None = None,
) -> Explanation:
    """Read a request to its end, into `explanation`: after an error it holds what came before."""
    explanation = explanation or Explanation()
    async for event in events:
        if isinstance(event, Progress):
            on_progress(event)
        else:
            explanation.add(event)
    return explanation


def to_json(explanation: Explanation, model: str) -> dict[str, Any]:
    """The documented JSON of `tokenblame explain --json` (attribution/README.md).

    `model` is the one that was asked for; it was not loaded where the tests pass.
    """
    verdict, generation = explanation.verdict, explanation.generation
    return {
        "task_id": verdict.task_id if verdict else None,
        "model": generation.model if generation else model,
        "form": generation.form if generation else None,
        "retokenized": generation.retokenized if generation else None,
        "verdict": asdict(verdict) if verdict else None,
        "pair": asdict(explanation.attribution.pair) if explanation.attribution else None,
        "proved_pairs": [asdict(pair) for pair in explanation.proved],
        "search": asdict(explanation.search) if explanation.search else None,
        "attribution": _attribution(explanation),
        "timings": explanation.timings,
    }


def _attribution(explanation: Explanation) -> dict[str, Any] | None:
    found = explanation.attribution
    if found is None:
        return None
    return {
        "method": found.method,
        "objective": found.objective,
        "logit_diff": found.logit_diff,
        "sum": found.sum,
        "leak": found.leak,
        "bias": found.bias,
        "tokens": [
            {
                "id": token.id,
                "text": token.text,
                "document": token.document,
                "start": token.start,
                "end": token.end,
                "role": token.role,
                "relevance": relevance,
            }
            for token, relevance in explanation.scored_tokens()
        ],
    }

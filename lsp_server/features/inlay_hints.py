"""Inlay hints: the relevance of the strongest tokens, written behind them."""

from attrs import frozen

from attribution.schema import Document
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.session import Session
from lsp_server.state.settings import Thresholds


@frozen
class InlayHint:
    offset: int
    label: str
    tooltip: str


def inlay_hints(
    session: Session, thresholds: Thresholds, visible: Span, document: Document = Document.CODE
) -> list[InlayHint]:
    """Relevance behind the strongest tokens of the part that the client shows."""
    heat_map, pair = session.view.heat_map, session.explanation.pair
    if heat_map is None or pair is None:
        return []
    strongest = heat_map.strongest(thresholds, (document,))
    return [
        InlayHint(
            heat.span.end,
            wording.signed(heat.relevance),
            wording.describe_relevance(pair, heat.relevance, heat_map.total),
        )
        for heat in sorted(strongest, key=lambda heat: heat.span)
        if heat.span.touches(visible)
    ]

"""How relevance passes through the layers at one token: a line of bars for either side."""

from collections.abc import Iterator, Sequence

from attribution.schema import Attribution
from lsp_server.state import wording

_BARS = "▁▂▃▄▅▆▇█"
_MAX_BARS = 48  # bars; of deeper models neighbouring layers share one


def layer_profile(attribution: Attribution, tokens: Sequence[int]) -> Iterator[str]:
    """Markdown about these tokens together; nothing where their layers are not known."""
    values = [sum(layer[k] for k in tokens if k < len(layer)) for layer in attribution.profile]
    if len(values) < 2 or not any(values):
        return
    scale = max(map(abs, values))
    strongest = max(range(len(values)), key=lambda layer: abs(values[layer]))
    where = "at the embedding" if strongest == 0 else f"after layer {strongest - 1}"
    lines = [
        f"`{bars([max(0.0, sign * value) for value in values], scale)}` "
        f"towards {wording.token(choice.text)}"
        for sign, choice in ((1, attribution.pair.target), (-1, attribution.pair.contrast))
        if any(sign * value > 0 for value in values)
    ]
    yield (
        f"By layer, embedding to last: {', '.join(lines)} · strongest {where} "
        f"({wording.signed(values[strongest])})"
    )


def bars(values: Sequence[float], scale: float) -> str:
    """One character per value, or per group of them; nothing is drawn for 0."""
    size = -(-len(values) // _MAX_BARS)
    groups = [max(values[start : start + size]) for start in range(0, len(values), size)]
    return "".join(_bar(value / scale) for value in groups)


def _bar(share: float) -> str:
    return _BARS[min(len(_BARS) - 1, int(share * len(_BARS)))] if share > 0 else "·"

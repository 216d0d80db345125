"""Edges between neighbouring stages without a backward pass per target.

With norms frozen, relevance flows from target j to source i of one layer by

    A[j,i] = Σ_heads [ ½ P_ji (e_j · ṽ_i) + ¼ dS_ji · scale (q_j · k̃_i) ]
             + δ_ij [ ⟨x_j, c_j⟩ + ¼ Σ_heads ⟨q̃_j, dq_j⟩ ],      dS_ji = P_ji (e_j·v_i − e_j·o_j)

(AttnLRP, Achtibat et al., ICML 2024; CP-LRP, Arras et al., arXiv 2502.15886:
A[j,i] = Σ_heads P_ji (e_j · ṽ_i) + δ_ij ⟨x_j, c_j⟩), where e is the cotangent of the attention's
output, dq the true gradient of the query and c the cotangent of the stream behind the attention;
the pass that gives node relevance has them all. ~ is the part that is linear in the layer's
input: what biases contribute is taken off (`affine_offsets`). The MLP and
the residual stream are diagonal in the tokens, so that the same A holds for targets behind the
attention and behind the MLP.

Nothing larger than one tile (heads × rows × n) is kept, in at least float32.
"""

from collections.abc import Iterator
from typing import Any

import torch
from attrs import frozen
from torch import nn

from attribution.lrp.rules.attention import ProjectionsAtZero
from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.rules.layer_pass import AttentionPass, LayerCall, LayerPass
from attribution.lrp.settings import Method
from attribution.lrp.sums import inner

TILE = 2**24  # elements of one tile: 64 MiB in float32

VALUE, KEY, QUERY = range(3)  # last axis of `ClosedForm.split`


@frozen(eq=False)
class ClosedForm:
    """All edges of one layer, computed for the targets that are asked for."""

    method: Method
    layer: int
    attention: AttentionPass
    key: torch.Tensor  # k̃ (kv heads, n, head_dim)
    value: torch.Tensor  # ṽ (kv heads, n, head_dim)
    direct: torch.Tensor  # (n,) what passes from a token to itself beside the attention
    query: torch.Tensor  # (heads, n) what passes from a token to itself through its query

    def edges(self, targets: torch.Tensor) -> torch.Tensor:
        """A[targets], (t, n), at least float32; `targets` (t,) int64, ascending."""
        edges = self.direct.new_zeros(len(targets), self.direct.shape[0])
        done = 0
        for part, value, key in self._tiles(targets):
            terms = value if key is None else value.add_(key)
            edges[done : done + len(part), : terms.shape[-1]] = terms.sum(0)
            done += len(part)
        rows = torch.arange(len(targets), device=targets.device)
        edges[rows, targets] += (self.direct + self.query.sum(0))[targets]
        return edges

    def split(self, targets: torch.Tensor, sources: torch.Tensor) -> torch.Tensor:
        """The attention's share of e edges, per head and way: (e, heads, 3), see VALUE.

        `targets` (e,) int64, ascending; `sources` (e,) int64. Summed over heads and ways, and with
        `direct` where target and source are one token, this is the edge.
        """
        heads = self.query.shape[0]
        split = self.direct.new_zeros(len(targets), heads, 3)
        unique, place = torch.unique_consecutive(targets, return_inverse=True)
        done = 0
        for part, value, key in self._tiles(unique):
            chosen = ((place >= done) & (place < done + len(part))).nonzero()[:, 0]
            rows, columns = place[chosen] - done, sources[chosen]
            split[chosen, :, VALUE] = value[:, rows, columns].T
            if key is not None:
                split[chosen, :, KEY] = key[:, rows, columns].T
            done += len(part)
        own = (targets == sources).nonzero()[:, 0]
        split[own, :, QUERY] = self.query[:, sources[own]].T
        return split

    def _tiles(
        self, targets: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]]:
        """Tile by tile: targets (t,), value term and key term, each (heads, t, columns)."""
        heads, n, _ = self.attention.query.shape
        step = max(1, TILE // (heads * n))
        for part in torch.split(targets, step):
            if len(part):
                yield part, *self._terms(part)

    def _terms(self, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        attention = self.attention
        end = int(targets[-1]) + 1  # causal: nothing lies behind the last target
        wide = self.direct.dtype
        query, e = (x[:, targets].to(wide) for x in (attention.query, attention.cotangent))
        scores = _product(query, attention.key[:, :end].to(wide)).mul_(attention.scale)
        weights = _masked(scores, targets, attention.mask).softmax(-1)  # P
        dp = _product(e, attention.value[:, :end].to(wide))
        affine = self.value is not attention.value
        linear = _product(e, self.value[:, :end].to(wide)) if affine else dp
        if self.method is Method.CPLRP:
            return weights.mul_(linear), None
        value = (weights * linear).mul_(0.5)
        if self.key is not attention.key:
            scores = _product(query, self.key[:, :end].to(wide)).mul_(attention.scale)
        mean = inner(e, attention.output[:, targets].to(wide))[..., None]  # e_j · o_j
        key = (dp - mean).mul_(weights).mul_(scores).mul_(0.25)
        return value, key


def _product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """(heads, t, c) of (heads, t, head_dim) and (kv heads, c, head_dim), grouped heads shared."""
    heads, t, width = left.shape
    groups = right.shape[0]
    grouped = left.reshape(groups, heads // groups * t, width)
    return (grouped @ right.transpose(1, 2)).view(heads, t, -1)


def _masked(scores: torch.Tensor, targets: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """(heads, t, columns), with −∞ where `targets` (t,) may not look; `mask` (n, n) bool."""
    columns = scores.shape[-1]
    if mask is None:
        hidden = torch.arange(columns, device=targets.device) > targets[:, None]
    else:
        hidden = ~mask[targets, :columns]
    return scores.masked_fill(hidden, -torch.inf)


def closed_form(layer_pass: LayerPass, trace: BackwardTrace) -> ClosedForm:
    """The edges of a layer that the pass has just come through."""
    attention, call = layer_pass.attention, trace.calls[layer_pass.layer]
    wide = torch.promote_types(attention.query.dtype, torch.float32)
    key, value, query = attention.key, attention.value, attention.query
    if is_affine(call.module):
        offsets = affine_offsets(trace, call, layer_pass.hidden)
        query, key, value = query - offsets[0], key - offsets[1], value - offsets[2]
    if attention.query_grad is None:
        through_query = query.new_zeros(query.shape[:2], dtype=wide)
    else:
        through_query = 0.25 * inner(query, attention.query_grad)
    direct = inner(layer_pass.hidden, layer_pass.cotangent)
    return ClosedForm(trace.method, layer_pass.layer, attention, key, value, direct, through_query)


def is_affine(layer: nn.Module) -> bool:
    """Whether biases add something in the layer that does not depend on its input."""
    return any(getattr(module, "bias", None) is not None for module in layer.modules())


def affine_offsets(
    trace: BackwardTrace, call: LayerCall, hidden: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """q (heads, n, head_dim), k and v (kv heads, n, head_dim) of the layer at an input of 0.

    With its norms frozen as they were, q, k and v are affine in the layer's input (n, d), so that
    f(x) − f(0) is linear. `hidden` (n, d) is the input that the layer had.
    """
    module: Any = call.module
    trace.current.at_zero = True
    try:
        with torch.no_grad():
            module(torch.zeros_like(hidden)[None], *call.arguments, **call.options)
    except ProjectionsAtZero as reached:
        return reached.query[0], reached.key[0], reached.value[0]
    finally:
        trace.current.at_zero = False
    raise RuntimeError(f"{type(module).__name__} has no attention of ours")

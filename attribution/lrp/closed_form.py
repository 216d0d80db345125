"""Edges between neighbouring stages without a backward pass per target.

With norms frozen, relevance flows from target j to source i of one layer by

    A[j,i] = Σ_heads [ ½ P_ji (e_j · ṽ_i) + ¼ dS_ji · scale (q_j · k̃_i) ]
             + δ_ij [ ⟨x_j, c_j⟩ + ¼ Σ_heads ⟨q̃_j, dq_j⟩ ],      dS_ji = P_ji (e_j·v_i − e_j·o_j)

(AttnLRP; CP-LRP: A[j,i] = Σ_heads P_ji (e_j · ṽ_i) + δ_ij ⟨x_j, c_j⟩), where e is the cotangent
of the attention's output, dq the true gradient of the query and c the cotangent of the stream
behind the attention; the pass that gives node relevance has them all. ~ is the part that is
linear in the layer's input: what biases contribute is taken off (`affine_offsets`). The MLP and
the residual stream are diagonal in the tokens, so that the same A holds for targets behind the
attention and behind the MLP.

Nothing larger than one tile (heads × rows × n) is kept, in at least float32.
"""

from collections.abc import Iterator
from typing import Any

import torch
from attrs import frozen
from torch import nn

from attribution.lrp.rules.attention import AtZero
from attribution.lrp.rules.backward_trace import (
    Attention,
    BackwardTrace,
    Call,
    LayerPass,
    Method,
    inner,
)

TILE = 2**24  # elements of one tile: 64 MiB in float32

VALUE, KEY, QUERY = range(3)  # last axis of `ClosedForm.split`


@frozen(eq=False)
class ClosedForm:
    """All edges of one layer, for the targets that are asked for.

    `direct` (n,) is what passes from a token to itself beside the attention; `query` (heads, n)
    what does so through its query.
    """

    method: Method
    layer: int
    attention: Attention
    key: torch.Tensor  # k̃ (kv heads, n, head_dim)
    value: torch.Tensor  # ṽ (kv heads, n, head_dim)
    direct: torch.Tensor
    query: torch.Tensor

    def rows(self, targets: torch.Tensor) -> torch.Tensor:
        """A[targets], (t, n), at least float32; `targets` (t,) int64, ascending."""
        found = self.direct.new_zeros(len(targets), self.direct.shape[0])
        done = 0
        for part, value, key in self._tiles(targets):
            both = value if key is None else value.add_(key)
            found[done : done + len(part), : both.shape[-1]] = both.sum(0)
            done += len(part)
        at = torch.arange(len(targets), device=targets.device)
        found[at, targets] += (self.direct + self.query.sum(0))[targets]
        return found

    def split(self, targets: torch.Tensor, sources: torch.Tensor) -> torch.Tensor:
        """The attention's share of edges (e,), (e,) int64 per head: (e, heads, 3), see VALUE.

        Summed over heads and ways, and with `direct` where target and source are one token, this
        is the edge. `targets` must be ascending.
        """
        heads = self.query.shape[0]
        found = self.direct.new_zeros(len(targets), heads, 3)
        unique, place = torch.unique_consecutive(targets, return_inverse=True)
        done = 0
        for part, value, key in self._tiles(unique):
            chosen = ((place >= done) & (place < done + len(part))).nonzero()[:, 0]
            rows, columns = place[chosen] - done, sources[chosen]
            found[chosen, :, VALUE] = value[:, rows, columns].T
            if key is not None:
                found[chosen, :, KEY] = key[:, rows, columns].T
            done += len(part)
        own = (targets == sources).nonzero()[:, 0]
        found[own, :, QUERY] = self.query[:, sources[own]].T
        return found

    def _tiles(
        self, targets: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]]:
        """(targets, value term, key term) tile by tile, terms (heads, t, columns)."""
        heads, n, _ = self.attention.query.shape
        step = max(1, TILE // (heads * n))
        for part in torch.split(targets, step):
            if len(part):
                yield part, *self._terms(part)

    def _terms(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        seen, end = self.attention, int(rows[-1]) + 1  # causal: nothing lies behind the last row
        wide = self.direct.dtype
        query, e = (x[:, rows].to(wide) for x in (seen.query, seen.cotangent))
        scores = _product(query, seen.key[:, :end].to(wide)).mul_(seen.scale)
        weights = _masked(scores, rows, seen.mask).softmax(-1)  # P
        dp = _product(e, seen.value[:, :end].to(wide))
        linear = dp if self.value is seen.value else _product(e, self.value[:, :end].to(wide))
        if self.method is Method.CPLRP:
            return weights.mul_(linear), None
        value = (weights * linear).mul_(0.5)
        if self.key is not seen.key:
            scores = _product(query, self.key[:, :end].to(wide)).mul_(seen.scale)
        mean = inner(e, seen.output[:, rows].to(wide))[..., None]  # e_j · o_j
        key = (dp - mean).mul_(weights).mul_(scores).mul_(0.25)
        return value, key


def _product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """(heads, t, c) of (heads, t, head_dim) and (kv heads, c, head_dim), grouped heads shared."""
    heads, t, width = left.shape
    groups = right.shape[0]
    grouped = left.reshape(groups, heads // groups * t, width)
    return (grouped @ right.transpose(1, 2)).view(heads, t, -1)


def _masked(scores: torch.Tensor, rows: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    columns = scores.shape[-1]
    if mask is None:
        hidden = torch.arange(columns, device=rows.device) > rows[:, None]
    else:
        hidden = ~mask[rows, :columns]
    return scores.masked_fill(hidden, -torch.inf)


def closed_form(done: LayerPass, trace: BackwardTrace) -> ClosedForm:
    """The edges of a layer that the pass has just come through."""
    seen = done.attention
    wide = torch.promote_types(seen.query.dtype, torch.float32)
    key, value, query = seen.key, seen.value, seen.query
    if is_affine(trace.calls[done.layer].module):
        offsets = affine_offsets(trace, trace.calls[done.layer], done.hidden)
        query, key, value = query - offsets[0], key - offsets[1], value - offsets[2]
    if seen.query_grad is None:
        own = query.new_zeros(query.shape[:2], dtype=wide)
    else:
        own = 0.25 * inner(query, seen.query_grad)
    return ClosedForm(
        trace.method, done.layer, seen, key, value, inner(done.hidden, done.cotangent), own
    )


def is_affine(layer: nn.Module) -> bool:
    """Whether biases add something in the layer that does not depend on its input."""
    return any(getattr(module, "bias", None) is not None for module in layer.modules())


def affine_offsets(
    trace: BackwardTrace, call: Call, hidden: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """q, k and v, each (heads, n, head_dim), of the layer at 0 with its norms frozen as they were.

    With frozen norms, q, k and v are affine in the layer's input (n, d): f(x) − f(0) is linear.
    """
    module: Any = call.module
    trace.current.at_zero = True
    try:
        with torch.no_grad():
            module(torch.zeros_like(hidden)[None], *call.arguments, **call.options)
    except AtZero as reached:
        query, key, value = (part[0] for part in reached.parts)
        return query, key, value
    finally:
        trace.current.at_zero = False
    raise RuntimeError(f"{type(module).__name__} has no attention of ours")

"""The attribution graph: nodes are hidden states of tokens, edges are relevance that flows."""

from enum import StrEnum

from attrs import frozen

from attribution.schema.explanations import ContrastPair


class NodeKind(StrEnum):
    """What a node stands for."""

    TOKEN = "token"  # the hidden state of one token at one stage
    LEAK = "leak"  # what the softmaxes of one transition absorb (AttnLRP)
    BIAS = "bias"  # what the biases of one transition absorb


@frozen
class GraphNode:
    """A node; `relevance` is in logit units, positive supports the target."""

    kind: NodeKind
    # Index into AttributionGraph.stages; of a leak or bias: the source of its transition. A bias at
    # the last stage (final norm, head) goes into Δℓ itself and has no edges.
    stage: int
    token: int  # index into Generation.tokens; −1 for a leak or bias
    relevance: float


@frozen
class HeadShare:
    """What one attention head carries of an edge, by the way it takes."""

    layer: int  # decoder layer, from 0
    head: int  # query head, from 0
    value: float  # through what is read
    key: float  # through where the reader looks
    query: float  # through what looks; only from a token to itself


@frozen
class GraphEdge:
    """Relevance that node `target` hands down to node `source` (indices into the nodes)."""

    source: int
    target: int
    weight: float
    direct: float = 0.0  # of it past the attention (residual stream); the rest is the heads'
    # Strongest first; heads with less than 2 % are left out, as are all of an edge that is none of
    # the strongest 10 000 of its transition, or whose transition skips layers.
    heads: tuple[HeadShare, ...] = ()


@frozen
class NodeDetail:
    """What a node's relevance consists of: its strongest hidden dimensions and MLP neurons.

    Each entry is (index, relevance). All dimensions together make the node's relevance; all
    neurons together make what passes through the MLP that ends at this node's stage.
    """

    node: int
    dimensions: tuple[tuple[int, float], ...]
    neurons: tuple[tuple[int, float], ...] = ()
    mlp: float = 0.0  # Σ over all neurons


@frozen
class Pruning:
    """What was kept. Shares are of absolute mass: Σ|weight| over the edges into strong nodes.

    Edges into nodes below the node threshold are not computed, and count nowhere here.
    """

    policy: str  # for a person, e.g. "nodes above 1 % of |Δℓ|, 85 % of the mass between them"
    nodes: int  # token nodes kept
    all_nodes: int
    edges: int  # edges between token nodes that were kept
    all_edges: int  # into nodes above the node threshold
    kept_mass: float  # share of the absolute mass that is kept, 0 … 1
    kept_mass_per_transition: tuple[float, ...]
    kept_relevance: float = 1.0  # share of Σ|relevance| of all token nodes that is in kept ones


@frozen
class TransitionMeasures:
    """Shape of the edges between two neighbouring stages of a pruned graph."""

    source: int  # stage
    target: int
    connectivity: float  # edges over those that the kept nodes could have (past, and window)
    gini: float  # concentration of |weight|: 0 all alike, 1 all in one
    verticality: float  # share of |weight| that stays at its position
    look_back: float  # mean distance in tokens, weighted by |weight|
    hubs: tuple[int, ...]  # tokens that most targets draw on, strongest first


@frozen
class AttributionGraph:
    """How Δℓ flows through the layers.

    `stages[0]` is the embedding, then "N.attention" and "N.mlp": the residual stream after the
    attention and after the MLP of decoder layer N. `relevance[s][k]` is of token k at stage s, for
    all nodes, also those that were pruned. For every kept token node beyond stage 0 its relevance
    is Σ weight of its in-edges, plus what was pruned of them.
    """

    pair: ContrastPair
    method: str
    objective: str
    logit_diff: float
    stages: tuple[str, ...]
    relevance: tuple[tuple[float, ...], ...]
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    pruning: Pruning
    measures: tuple[TransitionMeasures, ...]
    details: tuple[NodeDetail, ...] = ()

"""The book-keeping of one rollout: what it has written, and what it will probably write next."""

import itertools
from collections.abc import Iterator
from typing import TypeAlias

import torch
from attrs import define, field, frozen

from attribution.decoding.drafts import Drafts
from attribution.decoding.endings import Reader

Choice: TypeAlias = tuple[list[int], list[float]]  # ids, best first, and log-probabilities


@frozen
class Branch:
    """Keep the root's `ids[:position]`, then write `tokens` and go on."""

    position: int
    tokens: tuple[int, ...]
    limit: int  # tokens that it may write, `tokens` included
    root: int = 0
    temperature: float = 0.0  # 0: greedy
    seed: int = 0  # of a sampled rollout


@frozen(eq=False)
class Root:
    """A sequence in the cache, from which rollouts fork and which they tend to repeat."""

    ids: tuple[int, ...]
    start: int  # where its output begins
    reader: Reader
    follows: dict[tuple[int, int], list[int]] = field(factory=dict)  # places after two tokens
    drafts: Drafts = field(factory=Drafts)

    def __attrs_post_init__(self) -> None:
        self.drafts.read(self.ids)
        for place, pair in enumerate(zip(self.ids, self.ids[1:-1], strict=False), 2):
            self.follows.setdefault(pair, []).append(place)


@define(eq=False)
class Rollout:
    """One rollout; `ids` grows at its end, of which the model has seen the first `seen`."""

    branch: Branch
    root: Root
    ids: list[int]
    seen: int
    cursor: int | None  # the root's token that it is expected to write next
    matched: int = 0  # tokens that came as expected since it last departed from the root
    eager: bool = False  # drafts for it come before those for others
    choices: list[Choice] = field(factory=list)  # at each token that it decoded
    generator: torch.Generator | None = None

    @classmethod
    def of(cls, branch: Branch, root: Root, eager: bool = False) -> "Rollout":
        ids = [*root.ids[: branch.position], *branch.tokens]
        sampled = branch.temperature > 0
        row = cls(
            branch,
            root,
            ids,
            branch.position,
            len(ids) if len(branch.tokens) == 1 else None,
            generator=torch.Generator().manual_seed(branch.seed) if sampled else None,
            eager=eager,
        )
        if row.cursor is None or row.cursor >= len(root.ids):
            row._realign()
        return row

    @property
    def own(self) -> int:
        """Index of its first output token that is its own."""
        return max(self.branch.position, self.root.start)

    @property
    def output(self) -> list[int]:
        return self.ids[self.root.start :]

    @property
    def ended(self) -> bool:
        """Whether the last token is, or completes, an end."""
        written = len(self.ids) - self.own
        return written > 0 and self.root.reader.ended(self.output, self.own - self.root.start)

    @property
    def full(self) -> bool:
        return len(self.ids) - self.own >= self.branch.limit

    def draft(self, most: int) -> Iterator[tuple[int, float]]:
        """What it will probably write next (up to `most` tokens), with the chance of each."""
        room = self.branch.limit - (len(self.ids) - self.own) - 1
        if self.generator is None:
            yield from itertools.islice(self.root.drafts.behind(self.ids), max(0, min(most, room)))

    def sample(self, logits: torch.Tensor, generator: torch.Generator) -> int:
        """A token by chance; the same for a seed, whatever decodes beside it."""
        probabilities = torch.softmax(logits.double().cpu() / self.branch.temperature, -1)
        return int(torch.multinomial(probabilities, 1, generator=generator))

    def write(self, token: int) -> None:
        """Append a token and follow the root along it."""
        expected = self.cursor is not None and self.cursor < len(self.root.ids)
        self.ids.append(token)
        if self.generator is None:  # what was written by chance foretells nothing
            self.root.drafts.learn(self.ids)
        if expected and self.cursor is not None and self.root.ids[self.cursor] == token:
            self.cursor += 1
            self.matched += 1
        else:
            self.matched = 0
            self._realign()

    def _realign(self) -> None:
        """Find the last two tokens in the root: at the place nearest to the old one."""
        old = self.cursor if self.cursor is not None else len(self.ids)
        places = (
            self.root.follows.get((self.ids[-2], self.ids[-1]), ()) if len(self.ids) > 1 else ()
        )
        self.cursor = min(places, key=lambda place: abs(place - old), default=None)

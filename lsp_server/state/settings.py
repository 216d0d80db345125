"""The settings in effect at one moment."""

from enum import IntEnum

from attrs import evolve, frozen

from attribution.schema import Form, ModelSettings

SECTION = "tokenblame"

# What an explanation does not depend on.
_NOT_RESULTS = ("run", "debounce", "trusted", "thresholds", "semantic_tokens", "hints", "idle")


class Run(IntEnum):
    """When a document is explained without being asked; each includes those before it."""

    MANUAL = 0
    SAVE = 1
    OPEN = 2
    TYPE = 3  # after the debounce


@frozen
class Thresholds:
    """What is worth naming; nothing is computed anew for them."""

    weak: float = 1.0  # natural-log units; a pair with a smaller Δℓ is marked weak
    share: float = 0.0  # of all relevance; weaker tokens get no note, hint or semantic token
    strongest: int = 5  # tokens named beside a diagnostic and by inlay hints


@frozen
class Settings:
    """Effective settings of one moment."""

    model: str = "qwen2.5-coder-0.5b"
    device: str = "auto"
    dtype: str = "auto"
    sibling: str | None = None  # a model with the same tokenizer that the search asks, too
    form: Form | None = None  # None: from the trace, else guessed
    method: str = "attnlrp"
    objective: str = "contrast"
    rollouts: int = 1024
    seconds: float = 180.0
    top_k: int = 10  # alternatives tried at each token
    run: Run = Run.TYPE
    debounce: int = 800  # milliseconds
    trusted: bool = False  # for clients that know no workspace trust
    sandbox: str = "auto"  # what programs are shut into
    thresholds: Thresholds = Thresholds()
    semantic_tokens: bool = False  # for clients that do not paint the heat map themselves
    hints: bool = False
    idle: float | None = None  # seconds without work after which the engine leaves

    @property
    def for_model(self) -> ModelSettings:
        return ModelSettings(model=self.model, device=self.device, dtype=self.dtype)

    @property
    def for_sibling(self) -> ModelSettings | None:
        return evolve(self.for_model, model=self.sibling) if self.sibling else None

    def same_results(self, other: "Settings") -> bool:
        """Whether an explanation made under `other` is what these settings would give."""
        others = {name: getattr(other, name) for name in _NOT_RESULTS}
        return evolve(self, **others) == other

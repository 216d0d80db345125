"""What the engine keeps between requests: the loaded models, what they have read, the searches."""

import torch
from attrs import evolve

from attribution.engine.stages.fault_search import FaultSearches
from attribution.engine.stages.prefix_cache import PrefixCache
from attribution.grading.grader import Grader
from attribution.job import Job
from attribution.models.loader import LoadedModel, load
from attribution.samples.tokenisation import with_scores
from attribution.schema import Generation, ModelSettings


class ResidentModels:
    """One model and one sibling at a time; another one takes the place of the one before."""

    def __init__(self, grader: Grader) -> None:
        self.loaded: LoadedModel | None = None
        self.prefix_cache = PrefixCache()
        self.searches = FaultSearches(grader)
        self._settings: ModelSettings | None = None
        self._sibling: tuple[ModelSettings, LoadedModel] | None = None

    def load(self, settings: ModelSettings, job: Job) -> LoadedModel:
        """The model of these settings; raises as `models.loader.load`."""
        if self.loaded is None or settings != self._settings:
            with job.stage("load", f"Loading {settings.model}"):
                self.unload()
                self.loaded = load(settings, job.emit, job.checkpoint)
                self._settings = settings
        return self.loaded

    def load_sibling(self, settings: ModelSettings, job: Job) -> LoadedModel:
        """The model to compare with, beside the first; raises as `models.loader.load`."""
        if self._sibling is None or self._sibling[0] != settings:
            self._sibling = None
            self._sibling = settings, load(settings, job.emit, job.checkpoint)
        return self._sibling[1]

    def unload(self) -> None:
        """Give the models' memory back."""
        self.loaded = self._settings = self._sibling = None
        self.forget()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def forget(self) -> None:
        """Give back what the models have read: KV caches and searches."""
        self.prefix_cache.clear()
        self.searches.clear()

    def score(
        self, loaded: LoadedModel, generation: Generation, top_k: int, job: Job
    ) -> Generation:
        """`generation` with the `top_k` likeliest tokens at each position."""
        prefix = self.prefix_cache.prefix(loaded, generation, top_k, job.checkpoint)
        named = evolve(generation, model=loaded.name, fingerprint=loaded.fingerprint)
        return with_scores(named, prefix, loaded.tokenizer)

"""Decoding that a search can afford: any number of rollouts fork from one shared KV cache."""

from attribution.decoding.endings import Completion
from attribution.decoding.forest import Finished, Forest, Work
from attribution.decoding.greedy import generate, rollouts
from attribution.decoding.prefix import TOP_K, Prefix, Scores, asked, prefill
from attribution.decoding.recent import Recent
from attribution.decoding.rows import Branch, Choice

__all__ = [
    "TOP_K",
    "Branch",
    "Choice",
    "Completion",
    "Finished",
    "Forest",
    "Prefix",
    "Recent",
    "Scores",
    "Work",
    "asked",
    "generate",
    "prefill",
    "rollouts",
]

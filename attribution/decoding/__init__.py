"""Decoding that a search can afford: any number of rollouts fork from one shared KV cache."""

from attribution.decoding.endings import Completion
from attribution.decoding.forest import DecodingCost, Finished, Forest
from attribution.decoding.greedy import generate, rollouts
from attribution.decoding.prefix import TOP_K, Prefix, Scores, prefill, score_tokens
from attribution.decoding.recent import Recent
from attribution.decoding.rollout import Branch, Choice

__all__ = [
    "TOP_K",
    "Branch",
    "Choice",
    "Completion",
    "DecodingCost",
    "Finished",
    "Forest",
    "Prefix",
    "Recent",
    "Scores",
    "generate",
    "prefill",
    "rollouts",
    "score_tokens",
]

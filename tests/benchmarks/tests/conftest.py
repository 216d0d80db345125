"""The tests of the benchmarks use the tiny models of the engine's tests."""

from tests.attribution.conftest import model, tokenizer

__all__ = ["model", "tokenizer"]

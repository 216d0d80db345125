"""The language server of Token Blame: no torch, starts in under a second."""

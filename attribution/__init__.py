"""Token Blame: contrastive attribution of failing programs. Importing the package costs nothing."""

__version__ = "0.1.0"

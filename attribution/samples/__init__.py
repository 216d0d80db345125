"""Samples: their files on disk, and their text as the tokens that the model reads."""

"""Artefacts (weights, test data) from where they are published: one hash, several sources."""

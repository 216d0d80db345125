"""The resident engine: one process that owns the model and answers requests one at a time."""

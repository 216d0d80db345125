"""The work that the server asks the engine to do."""

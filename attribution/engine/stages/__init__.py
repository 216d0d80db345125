"""What the engine does for one request, a stage a file; `engine.dispatch` knows their order."""

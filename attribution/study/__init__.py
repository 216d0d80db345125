"""Measurements over whole data sets; the engine does the work, request by request."""

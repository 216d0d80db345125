"""Whether a program passes its tests; it runs in the sandboxed test runner only."""

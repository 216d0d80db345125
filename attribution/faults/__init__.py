"""Where it went wrong and what would have fixed it, proved by running the tests."""

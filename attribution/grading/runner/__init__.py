"""The sandboxed process that runs generated programs (`python -m attribution.grading.runner`)."""

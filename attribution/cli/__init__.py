"""The command line, `tokenblame`."""

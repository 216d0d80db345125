"""One file per subcommand of `tokenblame`; each adds its parser and runs itself."""

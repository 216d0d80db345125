"""The LSP requests, notifications and commands that the server answers."""

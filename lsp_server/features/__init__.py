"""What an editor shows: from state to LSP values."""

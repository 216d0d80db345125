"""The open documents and what stands in them."""

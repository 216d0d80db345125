"""Layer-wise relevance propagation: one forward and one modified backward pass."""

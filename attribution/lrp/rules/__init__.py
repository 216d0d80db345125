"""The relevance rules, as modified gradients, and how they are attached to one model."""

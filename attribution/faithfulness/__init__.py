"""Does relevance predict what interventions do? Measured on the model itself, never assumed."""

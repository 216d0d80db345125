"""What is said about one contrast pair: relevance, graph, faithfulness, another model's view."""

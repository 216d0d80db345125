"""Between processes: framed messages, and the client that connects to (or starts) the engine."""

"""What is known about each document, and the settings."""

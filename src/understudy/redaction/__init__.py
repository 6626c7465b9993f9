"""Secrets: where they are found, and what is written in their place."""

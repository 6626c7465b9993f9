"""Answers requests: from the address to the reply."""

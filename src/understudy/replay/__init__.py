"""Recordings that answer, and recordings that are asked again."""

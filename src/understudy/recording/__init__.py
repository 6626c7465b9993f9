"""Recordings: what was asked and answered, as one model that many formats are written from."""

"""The formats of recordings: what is read and written."""

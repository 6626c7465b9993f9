"""The admin plane, operation by operation, through the in-process mock."""

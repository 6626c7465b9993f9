"""Scenarios: what a client might ask a vendor, step by step, as files; played against the mock."""

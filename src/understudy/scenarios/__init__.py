"""Scenarios: what a client might ask a vendor, step by step, as data; played against the mock."""

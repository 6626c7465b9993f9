"""Tests of `understudy verify` and `understudy check`."""

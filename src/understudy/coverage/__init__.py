"""Contract coverage: what of the documents has been exercised, and reports of it."""

"""The vendor packages: one package per vendor, all of one shape."""

"""The rooms: one package per vendor, all of one shape."""

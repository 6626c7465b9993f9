"""The proxy to a real vendor: checks every exchange against the vendor's document."""

"""The proxy to a real vendor: every exchange is held against the vendor's document."""

"""Whether a running API is what a vendor's document says."""

"""The state of one user of the mock: store, journal, clock, deliveries, faults, limits."""

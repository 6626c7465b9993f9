"""What is alive for one user: store, journal, clock, deliveries, faults, limits."""

"""The composed app, and a bound HTTP server around it."""

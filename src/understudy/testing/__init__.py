"""The parts of the pytest plugin.

The plugin imports `options` at its start, and the other modules when a test first uses a fixture.
"""

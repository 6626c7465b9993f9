"""What the pytest plugin is made of; nothing here is imported before a test asks for it.

But for `options`, which the plugin reads at its start and which imports next to nothing.
"""

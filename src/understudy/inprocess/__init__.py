"""ASGI apps in this process: a loop in a thread, httpx transports, a live server."""

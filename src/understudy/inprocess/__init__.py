"""ASGI apps in this process: the loop thread, httpx transports, a live server."""

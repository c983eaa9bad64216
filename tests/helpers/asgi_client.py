"""Requests to an ASGI application in this process, without a port."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx


class AsgiClient:
    """Sends one request at a time, each in a loop of its own."""

    def __init__(self, app: Any, base_url: str):
        self.app, self.base_url = app, base_url

    def request(self, method: str, address: str, **settings: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self.base_url) as client:
                return await client.request(method, address, **settings)

        return asyncio.run(send())

    def get(self, address: str, **settings: Any) -> httpx.Response:
        return self.request("GET", address, **settings)

    def post(self, address: str, **settings: Any) -> httpx.Response:
        return self.request("POST", address, **settings)

    def options(self, address: str, **settings: Any) -> httpx.Response:
        return self.request("OPTIONS", address, **settings)

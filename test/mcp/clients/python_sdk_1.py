"""The client of the Python SDK, version 1."""

import asyncio
import sys

from mcp import ClientSession
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.exceptions import McpError

from sdk_login import login
from user import finish, show_links


async def main(url: str, redirect_uri: str) -> None:
    async with (
        create_mcp_http_client(auth=login(url, redirect_uri)) as http,
        streamable_http_client(url, http_client=http) as (read, write, _session_id),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        try:
            result = await session.call_tool("token")
        except McpError as error:
            show_links(error.error.data["elicitations"])
            result = await session.call_tool("token")
        finish(result.content[0].text, "mcp")


asyncio.run(main(*sys.argv[1:]))

"""The client of the Python SDK, version 2."""

import asyncio
import sys

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult

from sdk_login import login
from user import finish, show_link_of_elicitation, show_links


async def accept(_context, params) -> ElicitResult:
    show_link_of_elicitation(params.url)
    return ElicitResult(action="accept")


async def main(url: str, redirect_uri: str) -> None:
    async with create_mcp_http_client(auth=login(url, redirect_uri)) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, elicitation_callback=accept) as client:
            try:
                result = await client.call_tool("token")
            except MCPError as error:
                show_links(error.error.data["elicitations"])
                result = await client.call_tool("token")
            finish(result.content[0].text, "mcp")


asyncio.run(main(*sys.argv[1:]))

"""The adapters of LangChain, which open a session for each call of a tool."""

import asyncio
import sys

from langchain_mcp_adapters.client import MultiServerMCPClient
from mcp.shared.exceptions import McpError

from sdk_login import login
from user import finish, show_links


def text_of(content: object) -> str:
    return content if isinstance(content, str) else content[0]["text"]


async def main(url: str, redirect_uri: str) -> None:
    connection = {"transport": "streamable_http", "url": url, "auth": login(url, redirect_uri)}
    client = MultiServerMCPClient({"server": connection})
    tools = {tool.name: tool for tool in await client.get_tools()}
    try:
        content = await tools["token"].ainvoke({})
    except McpError as error:
        show_links(error.error.data["elicitations"])
        content = await tools["token"].ainvoke({})
    finish(text_of(content), "langchain-mcp-adapters", "mcp")


asyncio.run(main(*sys.argv[1:]))

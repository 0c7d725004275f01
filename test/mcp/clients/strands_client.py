"""The MCP client of Strands, which returns error -32042 as a text for the model."""

import json
import re
import sys

from mcp.types import ElicitResult
from strands.tools.mcp import MCPClient

from sdk_login import login
from user import finish, show_link_of_elicitation, show_links


async def accept(_context, params) -> ElicitResult:
    show_link_of_elicitation(params.url)
    return ElicitResult(action="accept")


def main(url: str, redirect_uri: str) -> None:
    client = MCPClient(url=url, auth_provider=login(url, redirect_uri), elicitation_callback=accept)
    with client:
        client.list_tools_sync()
        result = client.call_tool_sync(tool_use_id="1", name="token", arguments={})
        if result["status"] == "error":
            elicitations = re.search(r"with data (\[.*\])$", result["content"][0]["text"])
            show_links(json.loads(elicitations[1]))
            result = client.call_tool_sync(tool_use_id="2", name="token", arguments={})
        finish(result["content"][0]["text"], "strands-agents", "mcp")


main(*sys.argv[1:])

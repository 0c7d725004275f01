"""The client of FastMCP, with its own login: it opens a browser and listens at the redirect URI."""

import asyncio
import sys
import webbrowser
from urllib.parse import urlsplit

from fastmcp import Client
from fastmcp.client.auth import OAuth
from fastmcp.client.elicitation import ElicitResult
from mcp.shared.exceptions import MCPError

from user import finish, show_link_of_elicitation, show_links, tell


class TestBrowser(webbrowser.BaseBrowser):
    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        tell(open=url)
        return True


async def accept(_message, _type, params, _context) -> ElicitResult:
    show_link_of_elicitation(params.url)
    return ElicitResult(action="accept")


async def main(url: str, redirect_uri: str) -> None:
    webbrowser.register("tests", None, TestBrowser(), preferred=True)
    address = urlsplit(redirect_uri)
    oauth = OAuth(callback_host=address.hostname, callback_port=address.port)
    async with Client(url, auth=oauth, elicitation_handler=accept) as client:
        try:
            result = await client.call_tool("token")
        except MCPError as error:
            show_links(error.error.data["elicitations"])
            result = await client.call_tool("token")
        finish(result.content[0].text, "fastmcp", "mcp")


asyncio.run(main(*sys.argv[1:]))

"""Login by the OAuth client of the Python SDK, whose versions 1 and 2 have the same names."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.shared import auth
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from user import tell

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Memory(TokenStorage):
    tokens: OAuthToken | None = None
    client_info: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client_info

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client_info = client_info


class LoopbackRedirect:
    """A redirect URI on this machine (RFC 8252 section 7.3), which listens while the user signs in."""

    def __init__(self, redirect_uri: str) -> None:
        self.address = urlsplit(redirect_uri)

    async def open(self, authorization_url: str) -> None:
        self.returned: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        self.server = await asyncio.start_server(self.serve, self.address.hostname, self.address.port)
        tell(open=authorization_url)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request_line = (await reader.readline()).decode()
        query = parse_qs(urlsplit(request_line.split(" ")[1]).query)
        writer.write(PAGE)
        await writer.drain()
        writer.close()
        self.returned.set_result({name: values[0] for name, values in query.items()})

    async def result(self) -> Any:
        query = await self.returned
        self.server.close()
        if hasattr(auth, "AuthorizationCodeResult"):
            return auth.AuthorizationCodeResult(**query)
        return query["code"], query["state"]


def login(server_url: str, redirect_uri: str) -> OAuthClientProvider:
    redirect = LoopbackRedirect(redirect_uri)
    return OAuthClientProvider(
        server_url=server_url,
        client_metadata=OAuthClientMetadata(
            client_name="A client under test",
            redirect_uris=[AnyUrl(redirect_uri)],
            token_endpoint_auth_method="none",
        ),
        storage=Memory(),
        redirect_handler=redirect.open,
        callback_handler=redirect.result,
    )

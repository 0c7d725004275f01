"""Addresses to which tokens can be sent, and how they are reached."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.config import Config
from botocore.utils import get_environ_proxies

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_LOOPBACK = re.compile(rf"localhost|127(?:\.{_OCTET}){{3}}|::1")
"""Any other number is not an address, and would be looked up as a name."""


def split_url(url: str) -> SplitResult:
    """Returns the parts of a URL; all are empty if the URL is not valid."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def is_secure(url: SplitResult) -> bool:
    """Whether tokens can be sent to this URL: https, or http that does not leave this computer.

    A proxy of the environment (HTTP_PROXY) would receive the http request, so `httpx_options` and `boto3_config` leave such
    a proxy out.
    """
    host = url.hostname or ""
    return bool(host and (url.scheme == "https" or (url.scheme == "http" and _LOOPBACK.fullmatch(host))))


def httpx_options(url: str, client_options: dict[str, Any]) -> dict[str, Any]:
    """Returns the options of a client for one secure URL.

    A `proxy`, `mounts`, or `transport` of the program stays. TLS certificates of the environment do not apply to http.
    """
    return client_options | ({"trust_env": False} if split_url(str(url)).scheme == "http" else {})


def boto3_config(url: str, config: Config | None) -> Config | None:
    """Returns the configuration of a client for one secure URL. `proxies` of the program stay."""
    if split_url(url).scheme != "http" or (config is not None and config.proxies is not None):
        return config
    direct = Config(proxies={})
    return direct if config is None else config.merge(direct)


def uses_environment_proxy(boto3_client: Any) -> bool:
    """Whether the requests of this client leave this computer, although its endpoint is http on loopback."""
    meta = boto3_client.meta
    is_http = split_url(meta.endpoint_url).scheme == "http"
    return bool(is_http and meta.config.proxies is None and get_environ_proxies(meta.endpoint_url))

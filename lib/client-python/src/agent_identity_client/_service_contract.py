"""What this package and the service agree on and the AWS service model does not have."""

from __future__ import annotations

import re

GET_TOKEN_PATH = "/identities/oauth2/token"
"""Path of GetResourceOauth2Token, relative to the stage."""

REJECT_TOKEN_PATH = "/identities/RejectResourceOauth2Token"
"""Path of RejectResourceOauth2Token, an operation of this service alone."""

DPOP_PROOF_PATH = "/identities/GetResourceDpopProof"
"""Path of GetResourceDpopProof, an operation of this service alone."""

TOKEN_TYPE_HEADER = "x-agent-identity-token-type"
"""Response header with the type of an access token that is not a bearer token: `DPoP`."""

FAILURE_HEADER = "x-agent-identity-failure"
"""Response header with the error code of a failed consent session."""

_ERROR_CODE = re.compile(r"[\x20\x21\x23-\x5B\x5D-\x7E]{1,128}")
"""RFC 6749 section 4.1.2.1, limited to a length that fits on a page."""


def error_code_of(text: str) -> str | None:
    """:returns: None if the text is not an OAuth error code"""
    return text if _ERROR_CODE.fullmatch(text) else None

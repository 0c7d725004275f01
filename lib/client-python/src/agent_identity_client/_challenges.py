"""The challenges of a resource, in `WWW-Authenticate` (RFC 9110 section 11.6.1)."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence

_TOKEN_CHARACTERS = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")
"""RFC 9110 section 5.6.2."""

_MAX_CHARACTERS = 8192
"""A longer header is ignored."""


def challenges_in(text: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Returns each scheme with its parameters, the names in lower case.

    A resource chooses the text, so the number of steps grows only with its length: a regular expression for the whole
    would try each part again from each of its characters.
    """
    return _Scanner(text).challenges() if len(text) <= _MAX_CHARACTERS else []


def _is_token(character: str) -> bool:
    return character in _TOKEN_CHARACTERS


class _Scanner:
    def __init__(self, text: Sequence[str]) -> None:
        self._text = text
        self._length = len(text)
        self._next = 0
        self._advance()

    def _advance(self) -> None:
        """Reads the next character; an empty text at the end."""
        self._character = self._text[self._next] if self._next < self._length else ""
        self._next += 1

    def _read_while(self, is_part: Callable[[str], bool]) -> str:
        parts: list[str] = []
        while self._character and is_part(self._character):
            parts.append(self._character)
            self._advance()
        return "".join(parts)

    def _read_quoted(self) -> str:
        parts: list[str] = []
        self._advance()
        while self._character not in ("", '"'):
            if self._character == "\\":
                self._advance()
            parts.append(self._character)
            self._advance()
        self._advance()
        return "".join(parts)

    def challenges(self) -> list[tuple[str, dict[str, str]]]:
        found: list[tuple[str, dict[str, str]]] = []
        while self._character:
            name = self._read_while(_is_token).lower()
            self._read_while(str.isspace)
            if not name:
                # A separator, or text that belongs to no challenge.
                if self._character == '"':
                    self._read_quoted()
                elif self._character not in _TOKEN_CHARACTERS:
                    self._advance()
            elif self._character == "=":
                self._advance()
                self._read_while(str.isspace)
                quoted = self._character == '"'
                value = self._read_quoted() if quoted else self._read_while(_is_value)
                if found:
                    found[-1][1].setdefault(name, value)
            else:
                found.append((name, {}))
        return found


def _is_value(character: str) -> bool:
    return character != "," and not character.isspace()

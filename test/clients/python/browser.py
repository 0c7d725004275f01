"""A browser without a screen: follows redirects one at a time, keeps cookies, fills in forms.

The counterpart of test/flows/support/browser.ts, for the Python clients.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

MAX_STEPS = 20


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    """Names of inputs and named buttons, with their values."""
    to_fill: set[str] = field(default_factory=set)
    """Names that a user must fill in or choose: visible inputs and named buttons."""


class FormReader(HTMLParser):
    """Collects the first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name = attributes.get("name")
        if tag == "form" and self.form is None:
            self.form, self._inside = Form(attributes.get("action") or ""), True
        elif self._inside and self.form and name and tag in ("input", "button"):
            self.form.fields[name] = attributes.get("value") or ""
            if attributes.get("type") != "hidden":
                self.form.to_fill.add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    html: str


class Browser:
    def __init__(self) -> None:
        self._session = requests.Session()
        # The machine's proxies and credentials must not be used on loopback.
        self._session.trust_env = False

    def step(self, url: str, form: dict[str, str] | None = None) -> requests.Response:
        """Sends one request, without following its redirect."""
        method = "GET" if form is None else "POST"
        return self._session.request(method, url, data=form, allow_redirects=False, timeout=30)

    def walk(self, url: str, answers: dict[str, str], until: str) -> Page:
        """Follows redirects and submits forms until the next URL begins with `until`, which is not opened.

        :param answers: the values that this user enters or chooses, by field name
        :returns: the last page: at `until`, or a page without a form
        """
        response = self.step(url)
        for _ in range(MAX_STEPS):
            target, form = self._next(response, answers)
            if target is None:
                return Page(response.url, response.status_code, response.text)
            if target.startswith(until):
                return Page(target, response.status_code, "")
            response = self.step(target, form)
        raise AssertionError(f"no end after {MAX_STEPS} steps from {url}")

    @staticmethod
    def _next(
        response: requests.Response, answers: dict[str, str]
    ) -> tuple[str | None, dict[str, str] | None]:
        location = response.headers.get("location")
        if location is not None:
            return urljoin(response.url, location), None
        reader = FormReader()
        reader.feed(response.text)
        if reader.form is None:
            return None, None
        form = reader.form
        missing = form.to_fill - answers.keys()
        assert not missing, f"{response.url} asks for {sorted(missing)}"
        filled = form.fields | {name: answers[name] for name in form.to_fill}
        return urljoin(response.url, form.action), filled

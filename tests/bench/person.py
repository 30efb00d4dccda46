"""Somebody with a browser, as far as HTTP goes: signs in, uploads, asks, reads the stream."""

from __future__ import annotations

import html
import http.client
import re
import select
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

STREAM = re.compile(r'hx-sse:connect="([^"]+/answers/([0-9a-f-]+)/stream/)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
FOOTNOTE = re.compile(r'<a class="n[^>]*>\d+</a>')
PARTIAL = re.compile(
    r'<hx-partial hx-target="#answer-[0-9a-f-]+-(settled|tail|notes)"[^>]*>(.*?)</hx-partial>',
    re.DOTALL,
)
WHOLE = re.compile(
    r'<div class="a"[^>]*><div id="[^"]+-settled">(.*?)</div>'
    r'<div id="[^"]+-tail" class="tail">(.*?)</div></div><ol',
    re.DOTALL,
)
SHOWN = re.compile(r'<div class="a"[^>]*>(.*?)</div>\s*(?:<ol|</article>|<p)', re.DOTALL)
STATUS = re.compile(r'<p class="status">.*?</p>', re.DOTALL)
HTMX = {"HX-Request": "true"}


def readable(fragment: str) -> str:
    """The words of an HTML fragment, without footnote numbers and with single spaces."""
    text = re.sub(r"<[^>]+>", " ", FOOTNOTE.sub("", fragment))
    return " ".join(html.unescape(text).split())


@dataclass
class Asked:
    """One answer as its reader saw it; times in seconds since the question was sent."""

    thread: str
    answer: str
    at: float  # the question was sent, in seconds since 1970
    posted: float  # the response to the question was there
    connected: float = 0.0  # the stream's headers were there
    first: float = 0.0  # the first text
    cited: float = 0.0  # the first footnote number; 0: none came
    last: float = 0.0  # the last change of the text
    words_first: int = 0
    settled: str = ""
    tail: str = ""
    messages: int = 0

    @property
    def text(self) -> str:
        return readable(self.settled + " " + self.tail)

    def take(self, message: str, now: float) -> None:
        """Swap one message of the stream in, as htmx does."""
        before = (self.settled, self.tail)
        if whole := WHOLE.search(message):
            self.settled, self.tail = whole.groups()
        for target, content in PARTIAL.findall(message):
            if target == "settled":
                self.settled += content
            elif target == "tail":
                self.tail = STATUS.sub("", content)
        if (self.settled, self.tail) == before:
            return
        self.messages += 1
        if not self.first and self.text:
            self.first, self.words_first = now, len(self.text.split())
        if not self.cited and FOOTNOTE.search(self.settled + self.tail):
            self.cited = now
        self.last = now


@dataclass
class Person:
    """One signed-in session; ``again`` gives the same person another tab and connection."""

    address: str  # host:port
    workspace: str = ""  # /w/slug/
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(self.address, timeout=60)

    @classmethod
    def signed_in(cls, link: str) -> Person:
        """Whoever follows this one-time link."""
        person = cls(urlsplit(link).netloc)
        where = urlsplit(link).path
        page = ""
        while where:
            status, headers, page = person.request("GET", where)
            assert status in (200, 302), (status, where)
            person.workspace, where = where, headers.get("location", "")
        person.token = TOKEN.findall(page)[0]
        return person

    def again(self) -> Person:
        return Person(self.address, self.workspace, dict(self.cookies), self.token)

    def close(self) -> None:
        self._connection.close()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any, str]:
        response = self._send(method, path, body, headers)
        return response.status, response.headers, response.read().decode()

    def fetch(self, path: str) -> tuple[int, bytes]:
        """What is there, as it is."""
        response = self._send("GET", path, None, None)
        return response.status, response.read()

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None
    ) -> http.client.HTTPResponse:
        given = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        sock = self._connection.sock
        if sock is not None and select.select([sock], [], [], 0)[0]:
            self._connection.close()  # the server did: it was idle too long
        self._connection.request(method, path, body, given | (headers or {}))
        response = self._connection.getresponse()
        for line in response.headers.get_all("set-cookie") or ():
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return response

    def post(self, path: str, fields: dict[str, str], **headers: str) -> tuple[int, Any, str]:
        body = urlencode({"csrfmiddlewaretoken": self.token, **fields}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.request("POST", path, body, kind | headers)

    # what a person does ----------------------------------------------------------------------

    def send(self, name: str, data: bytes) -> str:
        """The document that an uploaded PDF became; it is not read yet."""
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n',
            f'{self.token}\r\n--{boundary}\r\nContent-Disposition: form-data; name="files"; ',
            f'filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n',
        ]
        body = "".join(parts).encode() + data + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        status, _headers, page = self.request("POST", f"{self.workspace}upload/", body, kind | HTMX)
        assert status == 200, page
        return str(re.findall(r'id="document-([0-9a-f-]+)"', page)[0])

    def upload(self, path: Path) -> str:
        """The document's id, once it can be asked about."""
        document = self.send(path.name, path.read_bytes())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            row = self.request("GET", f"{self.workspace}documents/{document}/row/")[2]
            if "?document=" in row:
                return document
            time.sleep(0.02)
        raise AssertionError(f"not ready in 60 s: {row}")

    def ask(self, question: str, model: str, document: str = "", thread: str = "") -> Asked:
        """A first question about the document, or the next one of the thread; read to its end."""
        fields = {"question": question, "model": model, "submission": str(uuid.uuid4())}
        at, began = time.time(), time.perf_counter()
        if thread:
            status, _headers, page = self.post(
                f"{self.workspace}threads/{thread}/ask/", fields, **HTMX
            )
        else:
            status, headers, _page = self.post(
                f"{self.workspace}ask/", {**fields, "documents": document}
            )
            assert status == 302, _page
            thread = headers["location"].rstrip("/").rsplit("/", 1)[1]
            status, _headers, page = self.request("GET", headers["location"])
        assert status == 200, page
        path, answer = STREAM.findall(page)[-1]
        asked = Asked(thread, answer, at, time.perf_counter() - began)
        for connected, came, message in list(self._messages(path)):
            asked.connected = asked.connected or connected - began
            asked.take(message, came - began)
        return asked

    def _messages(self, path: str) -> Iterator[tuple[float, float, str]]:
        """The stream's unnamed events until it says that it is done: when the stream was there,
        when this one was, and what it says. To be taken in quickly, or the next ones come late."""
        response = self._send("GET", path, None, {"Accept": "text/event-stream"})
        connected = time.perf_counter()
        lines: list[str] = []
        while line := response.readline().decode():
            if line == "\n":
                yield connected, time.perf_counter(), "\n".join(lines)
                lines = []
            elif line.startswith("data: "):
                lines.append(line[6:].rstrip("\n"))
        response.read()

    def finished(self, answer: str) -> str:
        """The readable text of the finished answer, as a page load gives it."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            page = self.request("GET", f"{self.workspace}answers/{answer}/", headers=HTMX)[2]
            if found := SHOWN.search(page):
                return readable(found[1])
            time.sleep(0.02)
        return ""

"""Reads an e-mail: who wrote to whom, when and about what, then what was written.

What is attached is passed on, and listed at the end.
"""

import base64
import email
import mimetypes
import re
from collections.abc import Callable
from email import policy
from email.message import Message
from pathlib import Path
from typing import Any

from .alternatives import compared
from .archive import size_in_words
from .canonical import clean, title
from .kinds import encoding_of
from .reading import Finding, Limits, Part, Progress, Reading, Unreadable
from .running import Running, to_pages
from .web import taken_in

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_TEXTS = ("text/plain", "text/html")
# What the standard library raises on headers and bodies that are not as they should be.
_MALFORMED = (ValueError, LookupError, TypeError, AttributeError, AssertionError)


class MailReader:
    name = "email"
    version = "2"

    def unpack(
        self, path: Path, limits: Limits, progress: Progress, part: Callable[[Part], None]
    ) -> Reading:
        try:
            message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
            letter = _Letter(message, limits)
        except RecursionError as error:
            raise Unreadable("too_deep") from error
        head = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
        body = "\n\n".join(body.text.strip("\n") for body in letter.bodies)
        if not (head or body or letter.attached):
            raise Unreadable("empty")
        text = "\n\n".join(filter(None, ["\n".join(head), body]))
        if letter.attached:
            text += "\n\nAttachments:\n" + "\n".join(
                f"- {attached.path} ({size_in_words(len(attached.data))})"
                for attached in letter.attached
            )
        warnings = letter.warnings + _pass_on(letter.attached, limits, part)
        hidden = [left_out for body in letter.bodies for left_out in body.hidden]
        pages, findings = to_pages(Running(text, hidden), limits, progress)
        findings += letter.findings
        return pages.reading(self, warnings, title(_header(message, "Subject")), findings)


def _pass_on(attached: list[Part], limits: Limits, part: Callable[[Part], None]) -> list[str]:
    """Hand over what the limits allow; sentences on the rest."""
    warnings = []
    count, left = 0, limits.parts_bytes
    for found in attached:
        size = len(found.data)
        if size > limits.bytes or size > left or count == limits.parts:
            warnings.append(f"{found.path}: not unpacked: it is too large, or one too many.")
            continue
        count, left = count + 1, left - size
        part(found)
    return warnings


class _Letter:
    """What was written, and what was attached, in the order of the e-mail."""

    def __init__(self, message: Message, limits: Limits) -> None:
        self._limits = limits
        self.bodies: list[Running] = []
        self.attached: list[Part] = []
        self.warnings: list[str] = []
        self.findings: list[Finding] = []
        self._take(message)

    def _take(self, part: Message, *, written: bool = True) -> None:
        """Take a part in; its words only when it is ``written`` and not the same once more."""
        kind, name = part.get_content_type(), _file_name(part)
        if kind == "message/rfc822" and _children(part):
            self._attach_letter(_unwrapped(part), name)
        elif part.is_multipart():
            children = _children(part)
            alternative = kind == "multipart/alternative"
            best = self._best(children) if alternative and written else None
            for child in children:
                self._take(child, written=written and (not alternative or child is best))
        elif kind in _TEXTS and not name and not _is_attached(part):
            if written and (body := _body(part, self._limits)).text:
                self.bodies.append(body)
        elif data := _payload(part):
            self._attach(data, kind, name)

    def _best(self, choices: list[Message]) -> Message | None:
        """Of several ways to say the same the fuller one, or what mail programs show where they
        differ."""
        plain = next((each for each in choices if _is_plain(each) and _words(each).strip()), None)
        rich = [c for c in choices if c.is_multipart() or c.get_content_type() == "text/html"]
        if plain is None or not rich:
            return plain or (rich[-1] if rich else None)
        pages = [part for part in rich[-1].walk() if part.get_content_type() == "text/html"]
        shown = "\n".join(_body(page, self._limits).text for page in pages)
        as_page, finding = compared(clean(_words(plain)), shown)
        self.findings += [finding] if finding else []
        return rich[-1] if as_page else plain

    def _attach(self, data: bytes, kind: str, name: str) -> None:
        noun = "image" if kind.startswith("image/") else "attachment"
        ending = mimetypes.guess_extension(kind) or ""
        path = name or f"{noun} {len(self.attached) + 1}{ending}"
        self.attached.append(Part(path, data))

    def _attach_letter(self, letter: Message, name: str) -> None:
        name = name or _one_name(_header(letter, "Subject")) or "message"
        try:
            data = letter.as_bytes(policy=policy.compat32)
        except _MALFORMED:
            self.warnings.append(f"{name}: not unpacked: it is damaged.")
            return
        self.attached.append(Part(name if name.lower().endswith(".eml") else f"{name}.eml", data))


def _is_plain(part: Message) -> bool:
    return part.get_content_type() == "text/plain"


def _unwrapped(part: Message) -> Message:
    """The letter that a part has in it, also when that was encoded against the rules, so that the
    parser took it for a letter of letters and figures alone."""
    letter = _children(part)[0]
    if _header(part, "Content-Transfer-Encoding").lower() != "base64" or letter.keys():
        return letter
    try:
        data = base64.b64decode(letter.as_bytes())
    except _MALFORMED:
        return letter
    found: Message = email.message_from_bytes(data, policy=policy.default)
    return found if found.keys() else letter


def _children(part: Message) -> list[Message]:
    payload: Any = part.get_payload() if part.is_multipart() else []
    return [child for child in payload if isinstance(child, Message)]


def _is_attached(part: Message) -> bool:
    return _header(part, "Content-Disposition").lower().startswith("attachment")


def _header(message: Message, name: str) -> str:
    """The decoded header as one line; "" without it."""
    try:
        value = str(message.get(name, ""))
    except _MALFORMED:
        raw = [value for key, value in message.raw_items() if key.lower() == name.lower()]
        value = str(raw[0]) if raw else ""
    return " ".join(clean(value).split())


def _file_name(part: Message) -> str:
    try:
        return _one_name(part.get_filename() or "")
    except _MALFORMED:
        return ""


def _one_name(name: str) -> str:
    """A name without folders: an attachment has none, whatever it says."""
    return re.sub(r"[/\\]+", "-", " ".join(clean(name).split()))[:200]


def _payload(part: Message) -> bytes:
    try:
        data: Any = part.get_payload(decode=True)
    except _MALFORMED:
        return b""
    return data if isinstance(data, bytes) else b""


def _words(part: Message) -> str:
    return _decoded(_payload(part), _charset(part))


def _body(part: Message, limits: Limits) -> Running:
    """What was written, the text of a web page when it was written as one."""
    if part.get_content_type() == "text/plain":
        return Running(clean(_words(part)))
    try:
        page = taken_in([_words(part)], limits)
    except Unreadable as error:
        if error.code != "empty":
            raise
        return Running("")
    return Running(page.text(), page.hidden)


def _charset(part: Message) -> str:
    try:
        return str(part.get_content_charset() or "")
    except _MALFORMED:
        return ""


def _decoded(data: bytes, charset: str) -> str:
    """The text of a body. Who says one encoding often sends another: bytes that only UTF-8 makes
    sense of are UTF-8, and what is not in the encoding named is guessed at."""
    guessed = encoding_of(data, whole=True)
    if charset and (guessed == "cp1252" or data.isascii()):
        try:
            return data.decode(charset)
        except (UnicodeError, LookupError):
            pass
    return data.decode(guessed, "replace")

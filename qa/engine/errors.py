"""Every way a request can fail, as one exception with a code.

The SDK's errors become ours in ``classify`` and nowhere else.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import anthropic
import httpx2

from .events import Usage
from .limits import Limits, read_limits

SENTENCES: dict[str, str] = {
    "no_key": "No API key is set. Ask an administrator to set ANTHROPIC_API_KEY.",
    "bad_key": "Claude refused the API key. Ask an administrator to check ANTHROPIC_API_KEY.",
    "permission": "The API key may not do this. Ask an administrator to check what it allows, "
    "or choose another model.",
    "rate_limit": "Too many requests to Claude at the moment. Try again in a minute.",
    "spend_limit": "The spending limit of the Claude account is reached. "
    "Ask an administrator to raise it.",
    "ramp_limit": "Claude lets the number of requests grow only slowly. Try again in a minute.",
    "own_limit": "The spending limit that was set for the Claude account is reached. Ask whoever "
    "set it in the Claude Console to raise it, or wait until it renews.",
    "on_hold": "The Claude account is on hold. Ask an administrator to look into the Claude "
    "Console.",
    "storage_full": "There is no room for more files in the Claude account. Ask an administrator "
    "to delete some, or to send texts without storing them.",
    "sealed": "The API key of this workspace cannot be opened. Ask an administrator to check "
    "PINCITE_ENCRYPTION_KEY, or to set the key again.",
    "overloaded": "Claude is overloaded at the moment. Try again in a minute.",
    "server_error": "Claude had an internal error. Try again; if it lasts, look at "
    "status.claude.com.",
    "billing": "The Claude account has a billing problem. Ask an administrator to check its "
    "payment details and credit.",
    "too_long": "The documents and the conversation are too long for this model. "
    "Choose fewer documents, start a new thread, or choose a model with a larger window.",
    "picture_too_large": "Claude refused a picture as too large. An administrator finds which in "
    "the log.",
    "too_large": "The request is too large to send to Claude. Choose fewer documents.",
    "file_missing": "Claude no longer has one of the documents. It will be uploaded again: "
    "ask once more.",
    "not_found_model": "This model is not available to the Claude account. Choose another model.",
    "invalid": "Claude refused the request as invalid. Try another question or model; "
    "an administrator finds the reason in the log.",
    "connection": "Claude could not be reached, or the connection broke. "
    "Check the network and try again.",
    "timeout": "Claude did not answer in time. Try again.",
    "truncated": "The answer broke off before its end. Try again.",
    "refusal": "Claude declined to answer this question. Put it in other words, "
    "or ask about another part of the documents.",
    "context_window": "The answer filled the model's window before its end. "
    "Choose fewer documents or a model with a larger window.",
    "no_answer": "Claude ended without an answer. Try again, or put the question in other words.",
    "max_tokens_without_text": "Claude used all its room for thinking before it wrote an answer. "
    "Ask a narrower question, or choose less effort or another model.",
    "stopped": "The answer was stopped. Ask again when you like.",
}
"""English defaults by code: what happened and what to do."""


class EngineError(Exception):
    """A request failed.

    `temporary` says that the same request may succeed later, `retry_after` in how many seconds
    the API wants it again (None: not said). `status` is the HTTP status, `type` and `detail` what
    the API said; `detail` is for logs, not for users. A failure after the answer began still
    carries what is needed to write its ledger row: `usage`, `model`, `message_id`,
    `first_text_ms`, `total_ms`, and `stop_details` after a refusal.
    """

    def __init__(
        self,
        code: str,
        *,
        temporary: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        type: str | None = None,
        request_id: str | None = None,
        detail: str = "",
        stop_reason: str | None = None,
        category: str | None = None,
        explanation: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.temporary = temporary
        self.retry_after = retry_after
        self.status = status
        self.type = type
        self.request_id = request_id
        self.detail = detail
        self.stop_reason = stop_reason
        self.category = category
        self.explanation = explanation
        self.limits = limits
        self.usage = Usage()
        self.model: str | None = None
        self.message_id: str | None = None
        self.first_text_ms: int | None = None
        self.total_ms: int = 0

    @property
    def sentence(self) -> str:
        """What happened and what to do, in English."""
        return SENTENCES[self.code]


class Interrupted(EngineError):
    """The run was stopped by its ``Interrupt``."""

    def __init__(self, *, request_id: str | None = None) -> None:
        super().__init__("stopped", request_id=request_id)


def classify(exc: Exception) -> EngineError:
    """The ``EngineError`` that says what `exc`, raised by the SDK or its transport, means."""
    if isinstance(exc, EngineError):
        return exc
    if isinstance(exc, anthropic.APIStatusError):
        return _from_status(exc)
    if isinstance(exc, anthropic.APITimeoutError | httpx2.TimeoutException):
        return EngineError("timeout", temporary=True, detail=_detail(exc))
    if isinstance(exc, anthropic.APIConnectionError | httpx2.HTTPError | OSError):
        return EngineError("connection", temporary=True, detail=_detail(exc))
    if isinstance(exc, anthropic.APIResponseValidationError | ValueError):
        # what came back is not what the API writes: half an event, or a page of some proxy
        return EngineError("connection", temporary=True, detail=_detail(exc))
    return EngineError("invalid", detail=_detail(exc))


def _from_status(exc: anthropic.APIStatusError) -> EngineError:
    headers = exc.response.headers
    code, temporary = _meaning(exc, has_retry_after="retry-after" in headers)
    if headers.get("x-should-retry") == "false":
        temporary = False
    return EngineError(
        code,
        temporary=temporary,
        retry_after=_retry_after(headers) if temporary else None,
        status=exc.status_code,
        type=exc.type,
        request_id=exc.request_id,
        detail=_detail(exc),
        limits=read_limits(headers),
    )


_BY_TYPE: dict[str, tuple[str, bool]] = {
    "authentication_error": ("bad_key", False),
    "permission_error": ("permission", False),
    "billing_error": ("billing", False),
    "rate_limit_error": ("rate_limit", True),
    "overloaded_error": ("overloaded", True),
    "timeout_error": ("timeout", True),
    "api_error": ("server_error", True),
    "conflict_error": ("server_error", True),
    "request_too_large": ("too_large", False),
}
_BY_STATUS: dict[int, tuple[str, bool]] = {
    401: ("bad_key", False),
    402: ("billing", False),
    403: ("permission", False),
    408: ("timeout", True),
    409: ("server_error", True),
    413: ("too_large", False),
    429: ("rate_limit", True),
    499: ("connection", True),
    504: ("timeout", True),
    529: ("overloaded", True),
}
_BY_ERROR_CODE: dict[str, tuple[str, bool]] = {
    "file_expired": ("file_missing", False),
    "enforced_spend_limit_reached": ("spend_limit", False),
    "contract_spend_limit_reached": ("spend_limit", False),
    "ramp_limit_exceeded": ("ramp_limit", True),
    "image_dimensions_too_large": ("picture_too_large", False),
    "organization_on_hold": ("on_hold", False),
    "storage_quota_exceeded": ("storage_full", False),
}
# Only where neither status nor type nor error code tells causes apart that need another answer.
_BY_MESSAGE: tuple[tuple[int, str, str], ...] = (
    (400, r"prompt is too long|exceeds? the .*context (window|limit)", "too_long"),
    (400, r"credit balance", "billing"),
    # the account's own cap is a 429; a limit that its people set themselves is a 400
    (400, r"usage limits?|spend(ing)? limit", "own_limit"),
    (400, r"\bfile\b.*(not found|expired|deleted|does not exist)", "file_missing"),
    (404, r"^model\b|\bmodel\b.*(not found|not exist)", "not_found_model"),
    (404, r"\bfile(_id|s)?\b|\bfile_\w+", "file_missing"),
)


def of_result(error: Mapping[str, Any], request_id: str | None) -> EngineError:
    """What the error of one request of a batch means: its type, message and details, as a response
    would have carried them."""
    kind, message = str(error.get("type") or ""), str(error.get("message") or "")
    code, temporary = _BY_TYPE.get(kind, ("server_error", True))
    if kind in _STATUS_OF:
        code, temporary = "invalid", False
    for status, pattern, meant in _BY_MESSAGE:
        if _STATUS_OF.get(kind) == status and re.search(pattern, message, re.IGNORECASE):
            code = meant
            break
    named = (error.get("details") or {}).get("error_code")
    code, temporary = _BY_ERROR_CODE.get(str(named), (code, temporary))
    return EngineError(
        code, temporary=temporary, type=kind or None, request_id=request_id, detail=message[:1000]
    )


_STATUS_OF = {"invalid_request_error": 400, "not_found_error": 404}


def _meaning(exc: anthropic.APIStatusError, *, has_retry_after: bool) -> tuple[str, bool]:
    """Code, and whether waiting may help. Status 200 is a failure in the middle of a stream."""
    if exc.error_code in _BY_ERROR_CODE:
        return _BY_ERROR_CODE[exc.error_code]
    if exc.status_code == 429 and not has_retry_after:
        # an ordinary rate limit always says when to come back; a spending cap never does
        return "spend_limit", False
    message = exc.api_message or exc.message
    for status, pattern, code in _BY_MESSAGE:
        if exc.status_code == status and re.search(pattern, message, re.IGNORECASE):
            return code, False
    if exc.type in _BY_TYPE:
        return _BY_TYPE[exc.type]
    if exc.status_code in _BY_STATUS:
        return _BY_STATUS[exc.status_code]
    return ("server_error", True) if exc.status_code >= 500 else ("invalid", False)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``retry-after-ms`` or ``retry-after`` (seconds or an HTTP date)."""
    value = headers.get("retry-after", "")
    with contextlib.suppress(ValueError):
        return max(0.0, float(headers.get("retry-after-ms", "")) / 1000)
    with contextlib.suppress(ValueError):
        return max(0.0, float(value))
    with contextlib.suppress(ValueError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return None


def _detail(exc: Exception) -> str:
    """What the log should know, at most 1,000 characters; no document text is in it."""
    message = getattr(exc, "api_message", None) or str(exc)
    cause = f" ({exc.__cause__!r})" if exc.__cause__ else ""
    return f"{type(exc).__name__}: {message}{cause}"[:1000]

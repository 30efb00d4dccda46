"""Every way a request can fail, as one exception with a code.

The SDK's errors become ours in ``classify`` and nowhere else.
"""

from __future__ import annotations

from .events import Usage

SENTENCES: dict[str, str] = {
    "no_key": "No API key is set. Ask an administrator to set ANTHROPIC_API_KEY.",
    "bad_key": "Claude refused the API key. Ask an administrator to check ANTHROPIC_API_KEY.",
    "permission": "The API key may not do this. Ask an administrator to check what it allows, "
    "or choose another model.",
    "rate_limit": "Too many requests to Claude at the moment. Try again in a minute.",
    "spend_limit": "The spending limit of the Claude account is reached. "
    "Ask an administrator to raise it.",
    "overloaded": "Claude is overloaded at the moment. Try again in a minute.",
    "server_error": "Claude had an internal error. Try again; if it lasts, look at "
    "status.claude.com.",
    "billing": "The Claude account has a billing problem. Ask an administrator to check its "
    "payment details and credit.",
    "too_long": "The documents and the conversation are too long for this model. "
    "Choose fewer documents, start a new thread, or choose a model with a larger window.",
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
    "Ask a narrower question, or choose a lower effort.",
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


def classify(exc: BaseException) -> EngineError:
    """The ``EngineError`` that says what `exc`, raised by the SDK or its transport, means."""
    raise NotImplementedError

"""The API's error answers."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ApiError(Exception):
    """One error answer: HTTP status, `error.type`, its sentence, and what goes beside it."""

    status: int
    kind: str
    message: str
    error_code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    page: bool = False  # it comes from the proxy in front, which writes HTML

    def __post_init__(self) -> None:
        super().__init__(self.message)

    def body(self, request_id: str) -> dict[str, Any]:
        return {"type": "error", "error": self.error(), "request_id": request_id}

    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.error_code:
            error["details"] = {"error_code": self.error_code, **self.details}
        return error


def invalid(message: str, error_code: str | None = None) -> ApiError:
    return ApiError(400, "invalid_request_error", message, error_code)


def unauthenticated(message: str = "invalid x-api-key") -> ApiError:
    return ApiError(401, "authentication_error", message)


def not_found(message: str, error_code: str | None = None) -> ApiError:
    return ApiError(404, "not_found_error", message, error_code)


def too_large(message: str) -> ApiError:
    return ApiError(413, "request_too_large", message)


def too_long(tokens: int, maximum: int) -> ApiError:
    return invalid(f"prompt is too long: {tokens} tokens > {maximum} maximum")


def rate_limited(
    message: str, retry_after: float | None, error_code: str | None = None
) -> ApiError:
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return ApiError(429, "rate_limit_error", message, error_code, headers)


def overloaded(headers: dict[str, str] | None = None) -> ApiError:
    return ApiError(529, "overloaded_error", "Overloaded", headers=headers or {})

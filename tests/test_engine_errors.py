"""Each way the API refuses becomes one code, and says whether waiting helps."""

import json
import time
from email.utils import formatdate

import pytest

from qa.engine import SENTENCES, EngineError, account, classify
from tests.test_engine_wire import failure_of, refusing


def body(kind, message, code=None):
    error = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    return json.dumps({"type": "error", "error": error}).encode()


@pytest.mark.parametrize(
    ("status", "kind", "message", "code", "temporary"),
    [
        (401, "authentication_error", "invalid x-api-key", "bad_key", False),
        (402, "billing_error", "Payment required", "billing", False),
        (403, "permission_error", "Not allowed", "permission", False),
        (404, "not_found_error", "model: claude-nope", "not_found_model", False),
        (404, "not_found_error", "File not found: file_011abc", "file_missing", False),
        (404, "not_found_error", "Not found", "invalid", False),
        (400, "invalid_request_error", "messages: at least one", "invalid", False),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 1200000 tokens > 1000000 maximum",
            "too_long",
            False,
        ),
        (400, "invalid_request_error", "Your credit balance is too low", "billing", False),
        (
            400,
            "invalid_request_error",
            "You have reached your specified API usage limits.",
            "own_limit",
            False,
        ),
        (408, None, "Request timeout", "timeout", True),
        (409, "conflict_error", "Conflict", "server_error", True),
        (413, "request_too_large", "Too large", "too_large", False),
        (500, "api_error", "Internal server error", "server_error", True),
        (503, None, "Unavailable", "server_error", True),
        (504, "timeout_error", "Timed out", "timeout", True),
        (529, "overloaded_error", "Overloaded", "overloaded", True),
    ],
)
def test_an_http_error_becomes_a_code(status, kind, message, code, temporary):
    error = failure_of(refusing(status, kind, message))
    assert (error.code, error.temporary) == (code, temporary)
    assert (error.status, error.type, error.request_id) == (status, kind, "req_9")
    assert message in error.detail


@pytest.mark.parametrize(
    ("status", "error_code", "code", "temporary"),
    [
        (404, "file_expired", "file_missing", False),
        (400, "file_expired", "file_missing", False),
        (429, "enforced_spend_limit_reached", "spend_limit", False),
        (429, "contract_spend_limit_reached", "spend_limit", False),
        (429, "ramp_limit_exceeded", "ramp_limit", True),
        (400, "organization_on_hold", "on_hold", False),
        (400, "storage_quota_exceeded", "storage_full", False),
        (400, "image_dimensions_too_large", "picture_too_large", False),
        (400, "a_code_of_tomorrow", "invalid", False),
    ],
)
def test_the_error_code_is_believed_before_the_status(status, error_code, code, temporary):
    error = failure_of(refusing(status, body=body("whatever_error", "No.", error_code)))
    assert (error.code, error.temporary) == (code, temporary)


def test_a_rate_limit_says_when_to_come_back_and_a_spending_cap_does_not():
    limited = failure_of(refusing(429, "rate_limit_error", retry_after="12"))
    assert (limited.code, limited.temporary, limited.retry_after) == ("rate_limit", True, 12.0)
    capped = failure_of(refusing(429, "rate_limit_error"))
    assert (capped.code, capped.temporary, capped.retry_after) == ("spend_limit", False, None)


def test_the_wait_may_be_in_milliseconds_or_a_date():
    error = failure_of(refusing(529, retry_after="9", retry_after_ms="1500"))
    assert error.retry_after == 1.5
    at = formatdate(time.time() + 60, usegmt=True)
    assert 50 < failure_of(refusing(529, retry_after=at)).retry_after <= 60
    assert failure_of(refusing(529, retry_after="soon")).retry_after is None
    assert failure_of(refusing(529, retry_after="-3")).retry_after == 0


def test_the_api_can_say_that_retrying_is_useless():
    error = failure_of(refusing(500, "api_error", x_should_retry="false"))
    assert (error.code, error.temporary) == ("server_error", False)


def test_an_error_page_of_some_proxy_is_understood_by_its_status():
    page = b"<html>413 Request Entity Too Large</html>"
    assert failure_of(refusing(413, body=page)).code == "too_large"
    assert failure_of(refusing(502, body=page)).code == "server_error"


def test_an_error_of_ours_stays_what_it_is():
    error = EngineError("no_key")
    assert classify(error) is error


def test_every_sentence_says_what_happened_and_what_to_do():
    for code, sentence in SENTENCES.items():
        assert sentence.count(". ") + sentence.count(": ") >= 1, code
        assert sentence.endswith(".")


def test_an_account_is_named_without_telling_its_key():
    name = account("sk-secret", "https://api.anthropic.com")
    assert name == account("sk-secret", "https://api.anthropic.com/")
    assert name != account("sk-other", "https://api.anthropic.com")
    assert name != account("sk-secret", "http://127.0.0.1:9000")
    assert "secret" not in name
    assert len(name) == 16

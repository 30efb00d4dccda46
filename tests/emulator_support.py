"""A real emulator process for tests, and what they say to it."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import anthropic

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = ROOT.parent / "shared" / "data" / "contracts"
VERSION = "2026-10-21"
AUTHORIZED = {"authorization": "Bearer sk-test", "anthropic-version": VERSION}


class Emulator:
    """One process over one folder, as fast as possible unless told otherwise."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._process = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "emulator",
                    "--port",
                    "0",
                    "--data",
                    str(folder),
                    "--quiet",
                ),
                *("--tokens-per-second", "0", "--first-token-ms", "0", *options),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().split()[-1]
        self._clients: list[anthropic.Anthropic] = []

    def client(self, api_key: str = "sk-test") -> anthropic.Anthropic:
        client = anthropic.Anthropic(api_key=api_key, base_url=self.url, max_retries=0)
        self._clients.append(client)
        return client

    def faults(self, *faults: dict[str, Any]) -> None:
        self.call("POST", "/emulator/faults", {"faults": list(faults)})

    def forget_faults(self) -> None:
        self.call("DELETE", "/emulator/faults")

    def advance(self, seconds: float) -> None:
        """Let so much time pass for the prompt cache."""
        assert self.call("POST", "/emulator/clock", {"advance": seconds})[0] == 200

    def limits(self, **a_minute: int) -> None:
        """Rate limits of every account and line, enforced from now on; none lifts them."""
        self.call("POST", "/emulator/limits", a_minute)

    def requests(self, limit: int = 20) -> dict[str, Any]:
        return self.call("GET", f"/emulator/requests?limit={limit}")[1]

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Plain HTTP without the SDK: what it cannot be made to send. Returns status and JSON."""
        data = None if body is None else json.dumps(body).encode()
        return self._exchange(method, path, data, headers or {})

    def raw(self, data: bytes, path: str = "/v1/messages") -> tuple[int, Any]:
        """Bytes as they are, with a key."""
        return self._exchange("POST", path, data, AUTHORIZED)

    def _exchange(
        self, method: str, path: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.url + path,
            data=data,
            method=method,
            headers={"content-type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def send(self, body: Any, path: str = "/v1/messages") -> tuple[int, Any]:
        return self.call("POST", path, body, AUTHORIZED)

    def stop(self) -> int:
        """End it while its clients still hold their connections open. Returns the exit code."""
        self._process.terminate()
        code = self._process.wait(5)
        for client in self._clients:
            client.close()
        if self._process.stdout:
            self._process.stdout.close()
        return code


def document(text: str, **more: Any) -> dict[str, Any]:
    source = {"type": "text", "media_type": "text/plain", "data": text}
    return {"type": "document", "source": source, "citations": {"enabled": True}, **more}


def stored_document(file_id: str, **more: Any) -> dict[str, Any]:
    source = {"type": "file", "file_id": file_id}
    return {"type": "document", "source": source, "citations": {"enabled": True}, **more}


def asking(
    question: str, *documents: dict[str, Any], model: str = "claude-sonnet-5-5", **more: Any
) -> dict[str, Any]:
    """The arguments of `messages.create` for one question."""
    content = [*documents, {"type": "text", "text": question}]
    messages = [{"role": "user", "content": content}]
    return {"model": model, "max_tokens": 4_000, "messages": messages, **more}


LEASE = """LEASE

1. Term. The term of this Lease is five years, beginning on March 1, 2024.
The Tenant may renew it once.

2. Rent. The Tenant shall pay rent of $4,500 – in words “four thousand five hundred dollars” 😀 –
on the first day of each month. Rent that is paid late bears interest at one percent per month.

3. Governing law. This Lease is governed by the laws of the State of Oregon.
"""

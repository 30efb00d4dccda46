"""`python -m emulator`: serve until SIGTERM or SIGINT."""

import argparse
from pathlib import Path

from .server import serve
from .stream import Pace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of what survives a restart"
    )
    parser.add_argument("--tokens-per-second", type=float, default=120, help="0: no pause at all")
    parser.add_argument("--first-token-ms", type=int, default=150)
    parser.add_argument("--quiet", action="store_true", help="no line per request")
    options = parser.parse_args()
    pace = Pace(options.tokens_per_second, options.first_token_ms)
    serve(options.host, options.port, options.data, pace, quiet=options.quiet)


if __name__ == "__main__":
    main()

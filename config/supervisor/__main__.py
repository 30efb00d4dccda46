"""Get everything ready, then supervise. Prints a sentence and exits 1 if that is impossible."""

from __future__ import annotations

import os
import sys

from .prepare import CannotStart, get_ready
from .processes import Forked, Process, Supervisor


def supervise() -> Process | None:
    """None when all has ended; in a forked child, at once, the process it is to be."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    try:
        processes = get_ready()
        # Forking shares some 90 MB and a second of imports; macOS's libraries do not survive it.
        fork = sys.platform == "linux"
        Supervisor(processes, sys.stdout.buffer, colour=colour, fork=fork).run()
    except CannotStart as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except Forked as forked:
        return forked.process
    return None


if __name__ == "__main__":
    child = supervise()
    if child:
        child.imitate()

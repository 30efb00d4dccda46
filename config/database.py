"""Letting go of the database while waiting for something else."""

from django.db import connection


def release() -> None:
    """Gives this thread's connection back, unless a transaction of the caller is open on it.

    The next query opens one again: cheap, next to holding one for the minutes a stream may take.
    """
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        # an open file of ours keeps nobody waiting, a server's connection does
        connection.close()

"""Letting go of the database while waiting for something else."""

from django.db import connection


def release() -> None:
    """Gives this thread's connection back, unless a transaction of the caller is open on it.

    The next query opens one again: cheap, next to holding one for the minutes a stream may take.
    """
    if not connection.in_atomic_block:
        connection.close()

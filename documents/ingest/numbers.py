"""Page numbers in words."""

from collections.abc import Sequence

_RUNS = 12  # more are no help to anybody


def runs(numbers: Sequence[int]) -> list[str]:
    """Rising numbers with neighbours joined: "3", "5–8"; cut off with "…" where it gets long."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        first, last = found[-1] if found else (0, -1)
        if last == number - 1:
            found[-1] = (first, number)
        else:
            found.append((number, number))
    listed = [str(first) if first == last else f"{first}–{last}" for first, last in found]
    return [*listed[:_RUNS], "…"] if len(listed) > _RUNS else listed


def named(numbers: Sequence[int]) -> str:
    """ "page 3", "pages 3 and 7", "pages 1–4, 6 and 9"."""
    *before, last = runs(numbers)
    listed = f"{', '.join(before)} and {last}" if before else last
    return f"{'page' if len(numbers) == 1 else 'pages'} {listed}"

"""What other programs say when they fail, made fit for one line of ours."""


def one_line(text: str, limit: int | None = None) -> str:
    """`text` with every run of whitespace as one space; what is longer than `limit` is cut at a word, with `...`."""
    line = " ".join(text.split())
    if limit is None or len(line) <= limit:
        return line
    return line[: limit - 3].rsplit(" ", 1)[0] + "..."


def reason(error: Exception) -> str:
    """The message of Mitsuba's exception in one line of at most 300 characters, or the exception's name."""
    return one_line(str(error), 300) or type(error).__name__

"""A study's table, as CSV for programs and as Markdown for people."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcdenoise import atomic


@dataclass(frozen=True)
class Column:
    """key: in the rows, and the head in CSV. title: the head in Markdown. form: of numbers there."""

    key: str
    title: str
    form: str = ".2f"


def write_table(
    out: Path, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], title: str, notes: Sequence[str]
) -> list[Path]:
    """Write `table.csv` and `table.md` to the folder `out`. None and missing values are left empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.key for column in columns])
    for row in rows:
        writer.writerow([_plain(row.get(column.key)) for column in columns])
    atomic.write_text(out / "table.csv", stream.getvalue())
    text = f"# {title}\n\n{markdown(columns, rows)}\n\n" + "".join(f"{note}\n\n" for note in notes)
    atomic.write_text(out / "table.md", text.rstrip("\n") + "\n")
    return [out / "table.csv", out / "table.md"]


def markdown(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> str:
    """The table alone; its columns are padded, so that it can be read as it is."""
    numbers = [any(isinstance(row.get(column.key), int | float) for row in rows) for column in columns]
    cells = [[column.title for column in columns]]
    cells += [[_shown(row.get(column.key), column.form) for column in columns] for row in rows]
    widths = [max(3, *(len(line[i]) for line in cells)) for i in range(len(columns))]
    lines = []
    for line in cells:
        padded = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, numbers, strict=True)
        ]
        lines.append("| " + " | ".join(padded) + " |")
    rule = ["-" * (width - 1) + (":" if number else "-") for width, number in zip(widths, numbers, strict=True)]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def _plain(value: Any) -> Any:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value


def _shown(value: Any, form: str) -> str:
    if value is None:
        return ""
    return format(value, form) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)

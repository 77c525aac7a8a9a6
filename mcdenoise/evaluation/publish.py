"""An evaluation with its files: CSV, JSON, and the report, each whole or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcdenoise import atomic
from mcdenoise.errors import McdenoiseError
from mcdenoise.evaluation.compare import Plan, ViewFailed, ViewResult, evaluate
from mcdenoise.evaluation.report import ReportWriter, ViewImages
from mcdenoise.evaluation.summary import Results, as_csv, as_json


@dataclass(frozen=True)
class Published:
    """The end: what was found, and the files that say so."""

    summary: dict[str, Any]
    files: list[Path]


def evaluate_to_files(
    todo: Plan, metrics: Sequence[str], repeats: int, out: Path, report: Path | None, about: Mapping[str, str]
) -> Iterator[ViewResult | ViewFailed | Published]:
    """`compare.evaluate`; then `out/results.csv`, `out/results.json`, and, as views come, the report in `report`.

    An earlier report there stays until the new one is whole; an interrupted run leaves what it has measured, and says
    so in the report and as `note` in the JSON. about: what else the summary is to say, such as `command`.
    Raises McdenoiseError if a folder cannot be made or no view could be measured.
    """
    # First the report, which takes only an empty folder or its own: the tables may go below it.
    writer = None if report is None else ReportWriter(report, "Denoisers compared")
    results = Results()
    measured: set[tuple[str, str, int]] = set()

    def write(**more: str) -> Published:
        summary = results.summary(**about, **more)
        files = [out / "results.csv", out / "results.json"]
        atomic.write_text(files[0], as_csv(summary))
        atomic.write_text(files[1], as_json(summary))
        if writer is not None:
            files.append(writer.finish(summary))
        return Published(summary, files)

    try:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise McdenoiseError(f"{out}: the folder cannot be made: {error.strerror}.") from None
        try:
            for result in evaluate(todo, metrics, repeats):
                if isinstance(result, ViewResult):
                    if writer is not None:
                        writer.add_view(_pictures(result))
                    results.add(result)
                    measured.add((result.scene, result.view, result.spp))
                yield result
        except (KeyboardInterrupt, GeneratorExit):
            if measured:
                write(note=f"interrupted: {len(measured)} of {len(todo.views)} views")
            raise
        if not measured:
            raise McdenoiseError("no view could be measured.")
        published = write()
    finally:
        if writer is not None:
            writer.discard()
    yield published


def _pictures(result: ViewResult) -> ViewImages:
    maps: dict[str, dict[str, Any]] = {}
    scores = {}
    for method, scored in result.scored.items():
        scores[method] = {name: one.value for name, one in scored.scores.items()}
        for name, errors in scored.maps.items():
            maps.setdefault(name, {})[method] = errors
    return ViewImages(result.scene, result.view, result.spp, result.exposure, result.images, maps, scores)

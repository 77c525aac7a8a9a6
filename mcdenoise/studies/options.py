"""Options that the commands of all studies have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

renders_argument = click.argument("renders", type=click.Path(path_type=Path))
realizations_option = click.option(
    "--realizations",
    default="8",
    show_default=True,
    type=click.Choice(["4", "8", "16"]),
    callback=lambda context, parameter, value: int(value),
    help="Of a view, at most: the renders must have as many.",
)
full_option = click.option(
    "--full", is_flag=True, help="The paper's network and crops (48 channels, 256 x 256): for a GPU."
)


def _not_both(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Refuse --steps together with --minutes; whichever comes second sees the first."""
    given = [context.get_parameter_source(name) for name in ("steps", "minutes")]
    if given == [ParameterSource.COMMANDLINE] * 2:
        raise click.UsageError("give --steps or --minutes, not both.")
    return value


steps_option = click.option(
    "--steps",
    type=click.IntRange(1, 10**8),
    callback=_not_both,
    help="Steps of every network, instead of what --minutes allow.",
)
seed_option = click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Of weights and examples."
)
device_option = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")


def minutes_option(default: float) -> Callable[[Any], Any]:
    """--minutes, of training over all networks."""
    return click.option(
        "--minutes",
        default=float(default),
        show_default=True,
        type=click.FloatRange(0, 10**6, min_open=True),
        callback=_finite,
        help="How long to train, all networks together; the steps that this allows are measured at the start.",
    )


def out_option(study: str) -> Callable[[Any], Any]:
    """--out, the study's folder."""
    return click.option(
        "--out",
        default=Path("studies") / study,
        show_default=True,
        type=click.Path(file_okay=False, path_type=Path),
        callback=_named,
        help="Folder to write to, and to go on in.",
    )


def _finite(context: click.Context, parameter: click.Parameter, value: float) -> float:
    if not value < float("inf"):
        raise click.BadParameter(f"{value} is no finite number.")
    return _not_both(context, parameter, value)


def _named(context: click.Context, parameter: click.Parameter, value: Path) -> Path:
    # click makes the current folder of an empty name
    if value == Path(""):
        raise click.BadParameter("the current folder cannot be that of a study: name another.")
    return value

"""Ctrl-C, where a library swallows it."""

import contextlib
import signal
import sys

import click
import pytest

from mcdenoise.cli import main


def test_what_comes_of_a_swallowed_interrupt_is_an_interrupt(capfd, monkeypatch):
    """Numba's compiler swallows KeyboardInterrupt, and fails later for want of what it was making."""

    @click.command()
    @click.option("--interrupt", is_flag=True)
    def work(interrupt):
        if interrupt:
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        raise RuntimeError("no compiled object yet")

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(sys, "argv", ["work", "--interrupt"])
    try:
        with pytest.raises(SystemExit) as stop:
            main(work, "work")
        assert stop.value.code == 130
        assert capfd.readouterr().err.startswith("Error: interrupted")
        monkeypatch.setattr(sys, "argv", ["work"])
        with pytest.raises(RuntimeError, match="no compiled object"):
            main(work, "work")
    finally:
        signal.signal(signal.SIGINT, before)

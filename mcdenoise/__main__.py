"""`python -m mcdenoise` is the `mcdenoise` command."""

from mcdenoise.cli import main

main()

"""`python cli.py ...` from a checkout is the same program as the installed `mcdenoise ...`."""

from mcdenoise.cli import main

if __name__ == "__main__":
    main()

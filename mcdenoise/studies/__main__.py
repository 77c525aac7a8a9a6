"""`python -m mcdenoise.studies`: which studies there are."""

import ast
from importlib import resources

_STUDIES = ("corruptions", "losses", "targets", "budget", "realizations", "online")


def main() -> None:
    """Print each study with its first sentence."""
    print("python -m mcdenoise.studies.NAME --help tells more of each study:\n")
    for name in _STUDIES:
        source = resources.files("mcdenoise.studies").joinpath(f"{name}.py").read_text(encoding="utf-8")
        first = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0].replace("\n", " ")
        print(f"  {name:14}{first}")


if __name__ == "__main__":
    main()

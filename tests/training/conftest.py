import pytest
from synthetic import picture, write_view


@pytest.fixture(scope="session")
def renders(tmp_path_factory):
    """Three scenes of noisy pairs, one of them for validation."""
    folder = tmp_path_factory.mktemp("renders")
    for k, scene in enumerate(("forest", "kitchen", "garage")):
        split = "validation" if scene == "garage" else "train"
        write_view(folder / scene / "view000", picture(64, 64, k), seed=k, split=split)
    return folder

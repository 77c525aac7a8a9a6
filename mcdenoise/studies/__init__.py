"""The experiments of Noise2Noise (Lehtinen et al. 2018, arXiv 1803.04189v3), each one a script over the public API.

`python -m mcdenoise.studies.NAME --out FOLDER` writes a table, a figure and the exact settings to FOLDER, and goes on
where it stopped; see `docs/paper.md`.
"""

"""How the documentation site is built: ``sphinx-build docs docs/_build`` with the ``docs`` extra."""

project = "Urban data hub"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = project
language = "en"
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 2
suppress_warnings = ["toc.not_readable"]

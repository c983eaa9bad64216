"""How the gallery finds the figures of this library, which are made without pyplot and belong to nobody's session."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

SHOWN = "__figure_shown__"
LAST = "___"  # under which the gallery keeps the value of the last line of a block


def figure_of_block(block: object, block_vars: Mapping[str, Any], gallery_conf: Mapping[str, Any]) -> str:
    """Save the figure that a block ends with, and return the text that shows it.

    Parameters
    ----------
    block : tuple
        Not used.
    block_vars, gallery_conf : dict
        As sphinx-gallery gives them.
    """
    from matplotlib.figure import Figure
    from sphinx_gallery.scrapers import figure_rst

    from relapse_model.report.figures.style import png

    names = block_vars["example_globals"]
    figure = names.get(LAST)
    if not isinstance(figure, Figure) or figure is names.get(SHOWN):  # a block without a value leaves the one before
        return ""
    names[SHOWN] = figure
    path = Path(next(block_vars["image_path_iterator"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(figure, dpi=160))
    return str(figure_rst([str(path)], gallery_conf["src_dir"], "Figure drawn by the code above"))

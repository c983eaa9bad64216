"""From figures and a template to one page that opens offline: nothing fetched, no script, all text escaped."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model._version import __version__
from relapse_model.development.summary import PACKAGES
from relapse_model.files import write_bytes, write_text
from relapse_model.report.figures.style import png, svg
from relapse_model.report.page_texts import in_texts, true_minus, unbroken, unbroken_page
from relapse_model.report.translation import translated_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figures(drawn: Mapping[str, Figure], folder: Path) -> dict[str, str]:
    """Write each figure as SVG and PNG; return the SVGs by name.

    Parameters
    ----------
    drawn : dict of str to Figure
    folder : Path
        Made if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {name: svg(figure) for name, figure in drawn.items()}
    for name, figure in drawn.items():
        write_text(pictures[name], folder / f"{name}.svg")
        write_bytes(png(figure), folder / f"{name}.png")
    return pictures


def render(template: str, pictures: Mapping[str, str], *, language: str = "en", **values: Any) -> str:
    """Return a page of the report.

    Parameters
    ----------
    template : str
        File of this package.
    pictures : dict of str to str
        Figures as SVG.
    language : {"en", "zh"}
        In which the page is; names of the study of which it has no translation stay as they are.
    **values
        What the template shows, among it the ``study``; text is escaped.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("relapse_model", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Drawn by Matplotlib, which escapes the text it is given.
    inlined = {name: Markup(inline_svg(picture, name)) for name, picture in pictures.items()}
    page = in_texts(environment.get_template(template).render(pictures=inlined, **values), true_minus)
    page = page if language == "en" else translated_page(page, values["study"], language)
    page = unbroken_page(page)
    return re.sub(r'(?<=data-label=")[^"]*', lambda label: unbroken(label[0]), page)  # shown beside cells


def inline_svg(picture: str, name: str) -> str:
    """Return an SVG file as an element of a page: no prologue, no metadata, identifiers that are its own.

    Parameters
    ----------
    picture : str
    name : str
        Put before every identifier.
    """
    body = picture[picture.index("<svg") :].strip()
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\sxmlns(:xlink)?="[^"]*"', "", body, count=2)
    body = re.sub(r'\sid="([^"]*)"', rf' id="{name}-\1"', body)
    body = re.sub(r'xlink:href="#([^"]*)"', rf'href="#{name}-\1"', body)
    body = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", body)
    return body.replace("<svg ", '<svg aria-hidden="true" ', 1)


def json_text(values: Any) -> str:
    """Return JSON as the standard has it: what is no finite number is null.

    Parameters
    ----------
    values : dict, list or scalar

    Examples
    --------
    >>> print(json_text({"slope": float("nan")}), end="")
    {
      "slope": null
    }
    """
    return json.dumps(_plain(values), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def packages() -> dict[str, str]:
    """Return the versions of what the numbers were made with."""
    own = {"relapse-model": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in PACKAGES}


def _plain(values: Any) -> Any:
    if isinstance(values, dict):
        return {str(key): _plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple | np.ndarray):
        return [_plain(value) for value in values]
    if isinstance(values, np.generic):
        return _plain(values.item())
    if isinstance(values, float) and not isfinite(values):
        return None
    return values

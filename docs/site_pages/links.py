"""Links to files outside docs: Markdown on a code host follows them, the site cannot, and names the file instead."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
LINK = re.compile(r"\[([^\]\[]+)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def without_links_to_files(app: object, docname: str, source: list[str]) -> None:
    """Name files outside docs instead of linking to them.

    Parameters
    ----------
    app : Sphinx
    docname : str
    source : list of str
        The text of the page, replaced in place.
    """
    folder = (DOCS / docname).parent
    if (DOCS / f"{docname}.md").is_file():
        source[0] = LINK.sub(lambda found: _as_named(found, folder), source[0])


def _as_named(found: re.Match[str], folder: Path) -> str:
    target = (folder / found[2]).resolve()
    if target.is_relative_to(DOCS) or not target.exists():
        return found[0]
    name = target.relative_to(ROOT).as_posix()
    return f"`{name}`" if found[1].strip("`") in {name, target.name} else f"{found[1]} (`{name}`)"

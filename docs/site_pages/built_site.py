"""Check the built pages: every internal link leads to a page and a place on it; nothing is fetched from elsewhere."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {
    ("script", "src"),
    ("img", "src"),
    ("link", "href"),
    ("iframe", "src"),
    ("source", "src"),
    ("object", "data"),
}


class Page(HTMLParser):
    """What a page offers (ids), where it points, and what a browser fetches for it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note ids, links and what is fetched."""
        given = dict(attrs)
        if "id" in given:
            self.ids.add(given["id"] or "")
        if tag == "a" and given.get("href"):
            self.links.add(given["href"] or "")
        for name, value in attrs:
            if (tag, name) in FETCHED and value and given.get("rel") not in ("canonical", "next", "prev", "author"):
                self.fetched.add(value)


def problems_of(site: Path) -> list[str]:
    """Return what is wrong with the pages of a folder, a line for each problem.

    Parameters
    ----------
    site : Path
        The folder of the built pages.
    """
    pages = {path.resolve(): _read(path) for path in sorted(site.rglob("*.html"))
             if "_static" not in path.parts}  # fmt: skip
    found = []
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        found += [f"{name}: fetches {target}" for target in page.fetched if urlsplit(target).netloc]
        found += [f"{name}: {target} leads nowhere" for target in sorted(page.links | page.fetched)
                  if not _leads_somewhere(target, path, pages)]  # fmt: skip
    return found


def _read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _leads_somewhere(target: str, path: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True
    there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not there.exists():
        return False
    return not parts.fragment or there not in pages or unquote(parts.fragment) in pages[there].ids


if __name__ == "__main__":
    wrong = problems_of(Path(sys.argv[1]))
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    sys.exit(bool(wrong))

"""Reads a page of a report as a browser without style would: elements, attributes, visible text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Reader(HTMLParser):
    """Keeps the open elements, the attributes and the visible text of a page."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.text, self.unbalanced, self.tags = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        if not {"style", "title"} & set(self.open):
            self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def plain(page: str) -> str:
    """Return a page without what holds a quantity on one line: no-break spaces, and marks of ranges in tables."""
    return re.sub(r'<span class="range">(.*?)</span>', r"\1", page).replace("\N{NO-BREAK SPACE}", " ")


def visible(page: str) -> str:
    return " ".join(" ".join(read(plain(page)).text).split())

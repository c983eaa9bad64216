"""The texts of a piece of HTML, once it is found to be balanced."""

from html.parser import HTMLParser

ALONE = ("br", "img", "meta", "hr", "input")


class _Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def texts_of(html):
    """Return the texts between the tags; every tag that is opened is closed."""
    found = _Balanced()
    found.feed(html)
    assert found.open == []
    return found.text

"""The resources of bundles and bulk files, one after another: no more than one bundle or line is held in memory."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

from relapse_model.cohort.readers.fhir.asked_alone import BYTES_WORTH, AskedAlone
from relapse_model.cohort.readers.fhir.elements import EXPORT_AGAIN, Json
from relapse_model.errors import Problem, SourceError
from relapse_model.files import no_repeats

MAX_BYTES = 256 * 2**20  # of one bundle, or one line: some ten times as much in memory
_FORMS = (".json", ".ndjson")
_SHOWN = re.compile(r"[A-Z][A-Za-z]+(?:[._-]?\d+)*\.ndjson|(?:\d+[._-])?[A-Z][A-Za-z]+\.ndjson")  # a type, no person
_ADVICE = "Export it again: what it holds beyond this place is not known"


class Found(NamedTuple):
    """A resource, and where it stands.

    Attributes
    ----------
    kind : str
        Its type.
    file : str
        As messages call it.
    number : int
        Of the entry in its bundle, or of the line in its file, from 1.
    resource : dict
    full_url : str
        By which other entries of a bundle refer to it; empty if none.
    """

    kind: str
    file: str
    number: int
    resource: Json
    full_url: str = ""


class Source:
    """The files of an export, and what was wrong with them, or is to be reported.

    Parameters
    ----------
    path : Path
        A bundle (.json), a bulk file (.ndjson), or a folder of them, folders below it included.
    max_bytes : int
        Of one bundle, or one line of bulk data.

    Raises
    ------
    SourceError
        If there is no such file.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES):
        self.path, self.max_bytes = path, max_bytes
        self.problems: list[Problem] = []
        self.without_resource = self.pages = self.manifests = 0
        every = sorted(path.rglob("*")) if path.is_dir() else [path]
        self.files = [one for one in every if one.suffix.lower() in _FORMS and one.is_file()]
        self.other_files = sum(one.is_file() for one in every) - len(self.files)
        self._quick: AskedAlone | None = None
        if not self.files:
            found = "no such file or folder" if not path.exists() else "no file whose name ends in .json or .ndjson"
            raise SourceError("the FHIR export was refused", [
                Problem(path.name, None, None, found, "a FHIR bundle (.json), bulk data (.ndjson), or a folder of them",
                        f"It was looked for in {path.parent.resolve()}")
            ])  # fmt: skip

    def ask(self, kinds: frozenset[str] | None) -> None:
        """Ask for some types of resources alone: of others, a large export yields nothing but their types.

        Parameters
        ----------
        kinds : frozenset of str or None
            None: all.
        """
        if sum(one.stat().st_size for one in self.files) >= BYTES_WORTH:
            self._quick = AskedAlone(kinds)

    def resources(self) -> Iterator[Found]:
        """Yield every resource; a file that cannot be read becomes a problem, and the next one follows."""
        for number, file in enumerate(self.files, start=1):
            called = file.name if _SHOWN.fullmatch(file.name) else f"file {number}"
            try:
                yield from self._lines(file, called) if file.suffix.lower() == ".ndjson" else self._bundle(file, called)
            except OSError as error:
                self.refuse(called, None, f"it cannot be read ({error.strerror})", "a file that may be read")

    def refuse(self, file: str, number: int | None, found: str, expected: str, advice: str = "") -> None:
        """Add a problem of a whole file, or of an entry that belongs to nobody known."""
        self.problems.append(Problem(file, number, None, found, expected, advice or EXPORT_AGAIN, counted="entry"))

    def _bundle(self, file: Path, called: str) -> Iterator[Found]:
        size = file.stat().st_size
        if size > self.max_bytes:
            self.refuse(called, None, f"{size:,} bytes", f"at most {self.max_bytes:,} (max_bytes under [source])",
                        "Export bulk data (.ndjson), which is read line by line")  # fmt: skip
            return
        content = self._parsed(file.read_bytes(), called, None)
        if content is not None:
            yield from self._content(content, called)

    def _content(self, content: Json, called: str) -> Iterator[Found]:
        """Yield the resources of a bundle, or the one resource that it is."""
        if content.get("resourceType") != "Bundle":
            if "transactionTime" in content and "output" in content:
                self.manifests += 1  # of a bulk export: it names the files
            else:
                yield from self._one(called, 1, content)
            return
        self.pages += _has_next(content)
        entries = content.get("entry", [])
        if not isinstance(entries, list):
            self.refuse(called, None, "a bundle whose 'entry' is no list", "a list of entries")
            return
        for number, entry in enumerate(entries, start=1):
            held = entry if isinstance(entry, dict) else {"resource": entry}
            resource = held.get("resource")
            if isinstance(request := held.get("request"), dict) and request.get("method") == "DELETE":
                self.refuse(called, number, "an entry that deletes a resource", "resources as they are now",
                            "Export a search or bulk data, not a history")  # fmt: skip
            elif resource is None:
                self.without_resource += 1
            elif (kind := self._kind(called, number, resource)) is not None:
                url = held.get("fullUrl", "")
                yield Found(kind, called, number, resource, url if isinstance(url, str) else "")

    def _lines(self, file: Path, called: str) -> Iterator[Found]:
        with file.open("rb") as opened:
            for number, line in enumerate(_lines_of(opened, self.max_bytes), start=1):
                if len(line) > self.max_bytes:
                    self.refuse(called, number, f"a line of more than {self.max_bytes:,} bytes", "one resource a line",
                                "Raise max_bytes under [source] if it is one")  # fmt: skip
                    return
                content = self._parsed(line, called, number) if line.strip() else None
                if content is not None:
                    yield from self._one(called, number, content)

    def _one(self, called: str, number: int, resource: Json) -> Iterator[Found]:
        kind = self._kind(called, number, resource)
        if kind is not None:
            yield Found(kind, called, number, resource)

    def _kind(self, called: str, number: int, resource: Any) -> str | None:
        """Return the type of a resource; refuse what is none."""
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if kind == "Bundle":
            self.refuse(called, number, "a bundle inside another, or in bulk data", "resources")
        elif isinstance(kind, str):
            return kind
        else:
            self.refuse(called, number, "something without a resourceType", "a FHIR resource")
        return None

    def _parsed(self, data: bytes, called: str, number: int | None) -> Json | None:
        """Return a JSON object with its decimals as they are printed; else refuse it."""
        try:
            content = self._loaded(data)
        except RecursionError:
            self.refuse(called, number, "JSON nested too deep to be read", "a FHIR resource", _ADVICE)
        except UnicodeDecodeError as error:
            self.refuse(called, number, f"byte {error.start} is not UTF-8", "UTF-8 text", _ADVICE)
        except ValueError as error:
            why = getattr(error, "msg", "a number that JSON does not have")
            at = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            self.refuse(called, number, f"not JSON ({why}{at})", "a whole FHIR bundle or resource", _ADVICE)
        else:
            if isinstance(content, dict):
                return content
            self.refuse(called, number, "JSON that is no object", "a FHIR bundle or resource")
        return None

    def _loaded(self, data: bytes) -> Any:
        """Parse with the collector at rest: it would look at every object of a large bundle again and again."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            content = None if self._quick is None else self._quick.parsed(data)
            if content is not None:
                return content
            return json.loads(data, parse_float=str, parse_constant=_no_constant, object_pairs_hook=no_repeats)
        finally:
            if collecting:
                gc.enable()


class HeldSource(Source):
    """Bundles and resources that are in memory already, such as those of a request.

    Parameters
    ----------
    contents : mapping of str to dict
        Each under the name that messages call it by. Decimals are texts, as they were printed.
    """

    def __init__(self, contents: Mapping[str, Json]):
        self.contents = contents
        self.path, self.max_bytes, self.files, self.other_files = Path("request"), MAX_BYTES, [], 0
        self.problems = []
        self.without_resource = self.pages = self.manifests = 0
        self._quick = None

    def resources(self) -> Iterator[Found]:
        """Yield every resource; what is none becomes a problem."""
        for called, content in self.contents.items():
            yield from self._content(content, called)


def _lines_of(file: BinaryIO, longest: int) -> Iterator[bytes]:
    while line := file.readline(longest + 1):
        yield line


def _has_next(bundle: Json) -> bool:
    links = bundle.get("link", [])
    return isinstance(links, list) and any(isinstance(one, dict) and one.get("relation") == "next" for one in links)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)

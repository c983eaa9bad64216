"""The text of a study: a built-in one, or a file."""

from __future__ import annotations

import difflib
import hashlib
from importlib import resources
from pathlib import Path

from relapse_model.errors import Problem, StudyError
from relapse_model.files import byte_and_line, read_bounded, utf8_text
from relapse_model.study.toml_text import MOST_LETTERS


def read_study_text(study: str | Path) -> tuple[str, str]:
    """Return the text of a study and what to call it in messages.

    Parameters
    ----------
    study : str or Path
        The name of a built-in study, or a path that ends in ``.toml``.
    """
    name = str(study)
    if not name.endswith(".toml"):
        return _built_in(name), f"study {name!r}"
    path = Path(study)
    try:
        return utf8_text(read_bounded(path, 4 * MOST_LETTERS + 4)), path.name
    except FileNotFoundError:
        found, expected = "no such file", "a study file"
    except UnicodeDecodeError as error:
        found, line = byte_and_line(error)
        problem = Problem(path.name, line, None, found, "UTF-8 text", "Save it as UTF-8", counted="line")
        raise StudyError("the study was refused", [problem]) from None
    except OSError as error:
        found, expected = f"cannot be read ({error.strerror})", "a study file"
    raise StudyError("the study was refused", [Problem(path.name, None, None, found, expected)])


def text_sha256(text: str) -> str:
    """Return the SHA-256 of the text of a study, written out in full, by which a plan is registered.

    Parameters
    ----------
    text : str
        As `Study.text` gives it, and ``relapse-model study show FILE`` prints it.

    Examples
    --------
    >>> text_sha256("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def built_in_studies() -> list[str]:
    """Return the names of the built-in studies.

    Examples
    --------
    >>> built_in_studies()
    ['hbsag-relapse']
    """
    folder = resources.files("relapse_model.study") / "studies"
    return sorted(entry.name[:-5].replace("_", "-") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def _built_in(name: str) -> str:
    file = resources.files("relapse_model.study") / "studies" / (name.replace("-", "_") + ".toml")
    if name.replace("-", "").isalnum() and file.is_file():
        return file.read_bytes().decode("utf-8")
    known = built_in_studies()
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    advice = "For a file of your own give a path that ends in .toml"
    problem = Problem(
        "studies", None, None, f"no built-in study {name!r}", f"one of {', '.join(known)}",
        f"Did you mean {near[0]!r}? {advice}" if near else advice,
    )  # fmt: skip
    raise StudyError("the study was refused", [problem])

"""The reference, made from the code: public names, verbs of the command line, codes, kinds of predictors."""

from __future__ import annotations

import argparse
import inspect
import re
from importlib import import_module
from pathlib import Path

PACKAGES = {
    "relapse_model": "The library",
    "relapse_model.classifiers": "Classifiers, on arrays",
    "relapse_model.validation": "Measures, on arrays",
}
SECTION = re.compile(r"^## (R[MS][0-9]{3})\b.*\n+(?:\*\*(.+?)\*\*)?", re.MULTILINE)
FAMILIES = {
    "RM1": "Checks of a cohort, a model or a validation",
    "RM2": "Trials, biomarkers and effects of the arm",
    "RS2": "Warnings on scores",
}


def write_reference(root: Path, generated: Path) -> None:
    """Write all pages of the reference.

    Parameters
    ----------
    root : Path
        The project.
    generated : Path
        The folder of generated pages.
    """
    pages = {f"api/{name}.md": text for name, text in api_pages().items()}
    pages |= {"cli.md": cli_page(), "codes.md": codes_page(root / "docs"), "kinds.md": kinds_page()}
    pages["changelog.md"] = changelog_page(root / "CHANGELOG.md")
    for name, text in pages.items():
        write_if_changed(generated / name, text)
    for old in (generated / "api").glob("*.md"):
        if f"api/{old.name}" not in pages:
            old.unlink()


def write_if_changed(path: Path, text: str) -> None:
    """Write a text, unless it stands there already: Sphinx then need not read the page again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


# --- Public names ----------------------------------------------------------------------------------------------


def public_names() -> dict[str, list[str]]:
    """Return the public names by package."""
    return {package: sorted(set(import_module(package).__all__) - {"__version__"}) for package in PACKAGES}


def api_pages() -> dict[str, str]:
    """Return a page for each public name, and one that lists them."""
    pages = {}
    listed = ["# Public names\n\n`relapse_model.__version__` is the version. Everything else, by package:\n"]
    for package, names in public_names().items():
        module = import_module(package)
        rows = [f"| [`{name}`]({package}.{name}.md) | {_first_line(getattr(module, name))} |" for name in names]
        toctree = "\n".join(f"{package}.{name}" for name in names)
        listed.append(
            f"## {PACKAGES[package]}: `{package}`\n\n| name | what it is |\n|---|---|\n" + "\n".join(rows) + "\n\n"
            f"```{{toctree}}\n:hidden:\n\n{toctree}\n```\n"
        )
        pages |= {f"{package}.{name}": _api_page(package, name, getattr(module, name)) for name in names}
    pages["index"] = "\n".join(listed)
    return pages


def _api_page(package: str, name: str, what: object) -> str:
    directive = "autofunction"
    members = ""
    if inspect.isclass(what):
        directive = "autoexception" if issubclass(what, BaseException) else "autoclass"
        members = "   :members:\n   :inherited-members: object, Exception, BaseEstimator, ClassifierMixin\n"
    return f"# {name}\n\n```{{eval-rst}}\n.. currentmodule:: {package}\n\n.. {directive}:: {name}\n{members}```\n"


def _first_line(what: object) -> str:
    text = (inspect.getdoc(what) or "").split("\n\n")[0].replace("\n", " ").strip()
    return text.replace("``", "`").replace("|", "\\|")


# --- The command line ------------------------------------------------------------------------------------------


def cli_page() -> str:
    """Return the page of all verbs, from the parsers."""
    from relapse_model.cli.program import parser

    top = parser()
    parts = [f"# Command line\n\n{top.description}\n\n```text\n{top.epilog}\n```\n"]
    for verb, (its, meaning) in verbs_of(top).items():
        parts.append(f"## `relapse-model {verb}`\n\n{meaning[:1].upper()}{meaning[1:]}.\n\n{_arguments(its)}")
    return "\n".join(parts)


def verbs_of(top: argparse.ArgumentParser, before: str = "") -> dict[str, tuple[argparse.ArgumentParser, str]]:
    """Return the parser of each verb, and what the verb does; of a verb of several, each of them."""
    found = {}
    for action in top._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        meanings = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for name, its in action.choices.items():
            filled = its.filled() if hasattr(its, "filled") else its
            below = verbs_of(filled, f"{before}{name} ")
            found |= below or {f"{before}{name}": (filled, meanings.get(name, ""))}
    return found


def _arguments(verb: argparse.ArgumentParser) -> str:
    rows = []
    for action in verb._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        shown = action.metavar or (None if not action.choices else "|".join(map(str, action.choices)))
        metavar = " ".join(shown) if isinstance(shown, tuple) else shown or ""
        metavar = "" if action.nargs == 0 else metavar or action.dest.upper()
        repeated = " ..." if action.nargs in ("+", "*") else ""
        name = f"{', '.join(action.option_strings)} {metavar}".strip() if action.option_strings else metavar
        required = "yes" if action.required else "no"
        meaning = (action.help or "") % {"default": action.default, "prog": verb.prog} if action.help else ""
        rows.append(f"| `{name}{repeated}` | {required} | {meaning} |".replace("\n", " ").replace("|N", "\\|N"))
    return "| argument | required | meaning |\n|---|---|---|\n" + "\n".join(map(_escaped, rows)) + "\n"


def _escaped(row: str) -> str:
    """Escape the bars within the cells of a row."""
    cells = row.replace("\\|", "|").removeprefix("| ").removesuffix(" |").split(" | ")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


# --- Codes, kinds, changes -------------------------------------------------------------------------------------


def codes_in(docs: Path) -> dict[str, tuple[str, str]]:
    """Return, for each code with a section of its own, the page and what the code means."""
    found = {}
    for page in sorted(docs.glob("*.md")):
        for code, title in SECTION.findall(page.read_text(encoding="utf-8")):
            found[code] = (page.name, title.rstrip("."))
    return dict(sorted(found.items()))


def codes_page(docs: Path) -> str:
    """Return the page that lists all codes, each with a link to its section."""
    parts = ["# Codes\n\nEach finding, warning and refusal with a code has one place that says what it means, why, and "
             "what to do. A code never changes its meaning.\n"]  # fmt: skip
    for start, family in FAMILIES.items():
        rows = [
            f"| [{code}](../{page}#{code.lower()}) | {title} |"
            for code, (page, title) in codes_in(docs).items()
            if code.startswith(start)
        ]
        parts.append(f"## {family}\n\n| code | meaning |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def kinds_page() -> str:
    """Return the page of the kinds of predictors, each with an anchor of its own."""
    from relapse_model.study.predictor_kinds import FEATURE_KINDS

    parts = ["# Kinds of predictors\n\nWhat a study writes after `kind =`. Keys that all kinds take, and what each key "
             "means: [the study file](../study_file.md).\n"]  # fmt: skip
    for kind in FEATURE_KINDS.values():
        keys = {"requires": kind.requires, "allows": kind.allows, "unit": (kind.unit,) if kind.unit else ()}
        lines = [f"- {word}: " + ", ".join(f"`{key}`" for key in of) for word, of in keys.items() if of]
        parts.append(f"## `{kind.name}`\n\n{kind.definition[:1].upper()}{kind.definition[1:]}.\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def changelog_page(changelog: Path) -> str:
    """Return the changelog, its links as seen from the generated pages."""
    return changelog.read_text(encoding="utf-8").replace("](docs/", "](../")

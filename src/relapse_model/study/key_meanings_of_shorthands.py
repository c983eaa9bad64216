"""What extends and the shorthands of a study file mean, and the library of analytes, for docs/study_file.md."""

from __future__ import annotations

from importlib import resources

from relapse_model.study.analyte_library import LibraryAnalyte, analyte_library
from relapse_model.study.merging import ENTRY_NAMES, WHOLE

_COLUMNS = ("name", "label", "unit", "UCUM", "other units", "scale", "limits", "possible", "LOINC", "CDISC")


def shorthand_sections() -> str:
    """Return the sections of the page on extends, the shorthands and the library."""
    file = resources.files("relapse_model.study") / "library" / "shorthands.md"
    names = ", ".join(f"`{'.'.join(map(str, path))}` by `{key}`" for path, key in ENTRY_NAMES.items())
    text = file.read_bytes().decode("utf-8").replace("NAMES", names)
    text = text.replace("WHOLE", ", ".join(f"`{key}`" for key in WHOLE))
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *map(_cells, analyte_library().values())]
    return "\n".join([text, *(f"| {' | '.join(cells)} |" for cells in rows), ""])


def _cells(one: LibraryAnalyte) -> tuple[str, ...]:
    declared = one.declared
    limits = [f"{declared[key]:g}" if key in declared else "" for key in ("lower_limit", "upper_limit")]
    possible = " to ".join(f"{limit:g}" for limit in declared.get("possible", ()))
    units = ", ".join(f"{unit} × {factor:g}" for unit, factor in declared.get("units", {}).items())
    return (
        f"`{one.name}`", declared["label"], declared["unit"], one.ucum, units, declared.get("scale", "linear"),
        " to ".join(filter(None, limits)), possible, ", ".join(declared.get("loinc", ())), declared.get("sdtm", ""),
    )  # fmt: skip

"""The arguments of the verb that writes for a journal."""

from __future__ import annotations

import argparse

from relapse_model.cli.arguments import CANDIDATES, add_cohort, add_key, add_seed, add_study

PARTS = ("trial", "model", "biomarkers")
_FORMATS = ("csv", "xlsx", "tex", "docx")  # as in table_files.FORMATS, which is not imported here: --help stays quick


def paper(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `paper`."""
    add_cohort(verb)
    add_study(verb)
    verb.add_argument("--out", required=True, metavar="DIR", help="folder for index.html, tables, figures, checklists")
    verb.add_argument(
        "--parts", nargs="+", choices=PARTS, metavar="PART",
        help=f"{', '.join(PARTS)} (by default the trial, where the study file plans one, and the model)",
    )  # fmt: skip
    verb.add_argument("--model", metavar="MODEL", help="report this saved model instead of validating one")
    add_key(verb)
    verb.add_argument("--repeats", type=int, default=20, metavar="N", help="of 5 folds in the validation (%(default)s)")
    verb.add_argument("--bootstraps", type=int, default=200, metavar="N", help="validation: resamples (%(default)s)")
    verb.add_argument(
        "--candidates", nargs="+", choices=CANDIDATES, metavar="NAME", help="validation: classifiers to choose among"
    )
    add_seed(verb)
    verb.add_argument("--jobs", type=int, default=None, metavar="N", help="processes; -1 for all cores")
    verb.add_argument("--width", type=float, default=85.0, metavar="MM", help="of figures: 85 to 180 mm (%(default)g)")
    verb.add_argument("--dpi", type=int, default=600, metavar="N", help="of PNG and TIFF: 300 to 600 (%(default)s)")
    verb.add_argument(
        "--formats", nargs="+", choices=_FORMATS, default=list(_FORMATS), metavar="FORMAT",
        help=f"of tables: {', '.join(_FORMATS)} (all)",
    )  # fmt: skip

"""The arguments of the verbs of a study file: new, show, check."""

from __future__ import annotations

import argparse


def study(verb: argparse.ArgumentParser) -> None:
    """Add the actions of `study`, and their arguments."""
    actions = verb.add_subparsers(dest="action", metavar="ACTION", required=True)
    _new(actions.add_parser("new", help="write a study file for a disease of your own, from a cohort's own columns"))
    _show(actions.add_parser("show", help="write a built-in study, to be edited; or a file written out in full"))
    _check(actions.add_parser("check", help="list everything that is wrong with a study file; try it on a cohort"))


def _new(verb: argparse.ArgumentParser) -> None:
    verb.description = (
        "Writes a study file with comments. What is not given is asked for where there is a terminal; elsewhere it "
        "is named as missing."
    )
    verb.add_argument(
        "cohort", metavar="COHORT", nargs="?", help="cohort folder whose columns and analytes are offered"
    )
    verb.add_argument("--out", required=True, metavar="FILE", help="study file to write; it must not exist")
    verb.add_argument("--name", metavar="NAME", help="short name of the study (by default that of the file)")
    verb.add_argument("--title", metavar="TEXT", help="its title, shown in reports")
    verb.add_argument("--outcome", metavar="TEXT", help="name of the outcome, such as death")
    verb.add_argument("--outcome-analyte", metavar="ANALYTE", help="the outcome is a result of this analyte ...")
    verb.add_argument("--at-least", type=float, metavar="X", help="... of at least X")
    verb.add_argument("--below", type=float, metavar="X", help="... or below X")
    verb.add_argument("--unit", metavar="UNIT", help="unit of X")
    verb.add_argument(
        "--outcome-column", metavar="COLUMN", help="the outcome is a yes or no in this column of the patients table"
    )
    verb.add_argument("--equals", metavar="VALUE", help="with --outcome-column: the value that is the outcome")
    verb.add_argument("--others", nargs="+", metavar="VALUE", help="with --equals: the values that are free of it")
    verb.add_argument("--outcomes-table", action="store_true", help="the outcome is read from the outcomes table")
    verb.add_argument(
        "--no-outcome", action="store_true", help="predictors alone: to be derived (features), and no model"
    )
    verb.add_argument("--landmark-week", type=float, metavar="WEEK", help="week of the prediction (0)")
    verb.add_argument("--horizon-weeks", type=float, metavar="WEEK", help="up to when the risk is predicted")
    verb.add_argument("--columns", nargs="+", metavar="COLUMN", help="columns of the patients table as predictors")
    verb.add_argument("--analytes", nargs="+", metavar="ANALYTE", help="analytes whose last result is a predictor")


def _show(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "study", metavar="NAME|FILE", nargs="?", help="built-in study, as it is; or a file, written out in full"
    )
    verb.add_argument("--out", metavar="FILE", help="write it to a file that does not exist, instead of printing it")


def _check(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("study", metavar="NAME|FILE", help="study file, or built-in study")
    verb.add_argument("cohort", metavar="COHORT", nargs="?", help="cohort folder to try it on")

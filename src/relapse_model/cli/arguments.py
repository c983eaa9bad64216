"""Arguments that several verbs have in common. Nothing heavy is imported: `--help` stays quick."""

from __future__ import annotations

import argparse

# As in candidates.KNOWN, which is not imported here: --help stays quick. A test compares them.
CANDIDATES = (
    "prior_logistic", "ridge_logistic", "elastic_net", "prior_hazard", "prior_and_trees", "boosted_trees",
    "random_forest",
)  # fmt: skip


def add_cohort(verb: argparse.ArgumentParser) -> None:
    """Add the cohort folder.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument("cohort", metavar="COHORT", help="cohort folder: patients, labs, treatments, outcomes")


def add_problems(verb: argparse.ArgumentParser) -> None:
    """Add the file for every problem of a refusal.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument("--problems", metavar="CSV", help="if the cohort is refused: write every problem, one row each")


def add_study(verb: argparse.ArgumentParser) -> None:
    """Add the study: a built-in one or a file.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument(
        "--study",
        default="hbsag-relapse",
        metavar="NAME|FILE",
        help="built-in study or TOML file (%(default)s)",
    )


def add_model(verb: argparse.ArgumentParser) -> None:
    """Add the model file, and the key that it must be signed with.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument("model", metavar="MODEL", help="model file")
    add_key(verb)


def add_key(verb: argparse.ArgumentParser) -> None:
    """Add the option that demands signed models.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument(
        "--key", metavar="FILE", help="public key: refuse every model file that is not signed with its private key"
    )


def add_out(verb: argparse.ArgumentParser, metavar: str, meaning: str) -> None:
    """Add the output, which must be given.

    Parameters
    ----------
    verb : ArgumentParser
    metavar, meaning : str
    """
    verb.add_argument("--out", required=True, metavar=metavar, help=meaning)


def add_landmark(verb: argparse.ArgumentParser) -> None:
    """Add the week of the prediction, for a study of any landmarks.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument(
        "--landmark-week", type=float, metavar="WEEK", help="week of the prediction (default: the study's first)"
    )


def add_landmark_of_model(verb: argparse.ArgumentParser) -> None:
    """Add the week of the prediction, for a model.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument(
        "--landmark-week", type=float, metavar="WEEK", help="for a model of several landmarks (default: the first)"
    )


def add_mute(verb: argparse.ArgumentParser) -> None:
    """Add the checks to mute.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument(
        "--mute", nargs="+", default=[], metavar="CODE", help="checks to mute, such as RM101; they are listed as muted"
    )


def add_seed(verb: argparse.ArgumentParser) -> None:
    """Add the seed.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="random seed; the same seed gives the same result (%(default)s)",
    )


def add_jobs(verb: argparse.ArgumentParser, meaning: str) -> None:
    """Add the number of processes.

    Parameters
    ----------
    verb : ArgumentParser
    meaning : str
    """
    verb.add_argument("--jobs", type=_jobs, default=None, metavar="N", help=meaning)


def add_candidates(verb: argparse.ArgumentParser) -> None:
    """Add the classifiers to choose among.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument(
        "--candidates", nargs="+", metavar="NAME", choices=CANDIDATES,
        help=f"classifiers to choose among: {', '.join(CANDIDATES)} (by default all but elastic_net, prior_hazard "
        "and random_forest)",
    )  # fmt: skip


def whole_number(text: str) -> int:
    """Return a whole number of at least 0, or refuse the text.

    Parameters
    ----------
    text : str
    """
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number of at least 0")
    return int(text)


def positive(text: str) -> int:
    """Return a whole number of at least 1, or refuse the text.

    Parameters
    ----------
    text : str
    """
    number = whole_number(text)
    if number == 0:
        raise argparse.ArgumentTypeError("0: expected a whole number of at least 1")
    return number


def _jobs(text: str) -> int:
    return -1 if text == "-1" else positive(text)

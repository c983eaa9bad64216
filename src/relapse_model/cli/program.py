"""The command line: `relapse-model VERB`. Nothing heavy is imported before a verb runs."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from relapse_model._version import __version__
from relapse_model.cli.interrupts import noting_interrupts
from relapse_model.cli.verb_parser import HelpfulParser, VerbParser
from relapse_model.cli.verb_table import VERBS, action_of, arguments_of

if TYPE_CHECKING:
    from pathlib import Path

    from relapse_model.errors import RelapseModelError

_INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended
_SIGNALS = 128  # what it adds to the number of any signal

EPILOG = """an export of another disease: 1. study new --outcome-analyte ... --out mine.toml (needs no cohort);
2. propose-mapping KIND EXPORT --study mine.toml --out map.toml, and answer its lines that begin with #?;
3. read KIND EXPORT --mapping map.toml --out cohort; then check, train and validate with --study mine.toml.

exit codes: 0 done; 1 the data or the model were refused, or a check found an error; 2 wrong usage;
130 interrupted (143 by SIGTERM).
Research use only: no output of this program is fit to decide on the treatment of a patient."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    top = HelpfulParser(
        prog="relapse-model",
        description="Relapse-risk models from the visit records of small clinical cohorts.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"relapse-model {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=VerbParser)
    for name, (_, meaning) in VERBS.items():
        sentence = f"{meaning[:1].upper()}{meaning[1:]}."
        verbs.add_parser(name, help=meaning, description=sentence, fill=arguments_of(name))
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the command line by default.
    """
    try:
        given = parser().parse_args(arguments)
        from relapse_model.files import noting_written
    except KeyboardInterrupt:
        print("relapse-model: interrupted; no output was written.", file=sys.stderr)
        return _INTERRUPTED

    with noting_written() as written, noting_interrupts() as asked:
        try:
            return _done(given, asked)
        except BaseException as ended:
            if not (asked or isinstance(ended, KeyboardInterrupt)):
                raise
            _end_workers()
            print(_interrupted(given, written), file=sys.stderr)
            return _SIGNALS + asked[0] if asked else _INTERRUPTED


def _end_workers() -> None:
    """End the workers of a run that was broken off, if it had any."""
    if "joblib" in sys.modules:
        from relapse_model.model.processes import end_workers

        end_workers()


def _done(given: argparse.Namespace, asked: list[int]) -> int:
    """Run the verb that was asked for; what the system refuses is one message, unless Ctrl-C was the reason."""
    from relapse_model.files import is_full_disk, naming_standard_output, no_room, printable

    code = 0
    try:
        code = _run(given, asked)
        with naming_standard_output():
            sys.stdout.flush()  # what cannot be written is said here, not when Python ends
    except BrokenPipeError:  # the reader of our output has read enough
        _end_output()
    except OSError as error:
        if asked:
            raise
        if error.filename == "standard output":
            _end_output()
        if is_full_disk(error):  # where a folder was to be made, or of what a run keeps for the next one
            said = no_room(error, error.filename or getattr(given, "out", None) or given.verb, "it")
        else:
            said = f"{error.filename}: " if error.filename else ""
            said += error.strerror or str(error)
        print(printable(f"relapse-model {given.verb}: {said}"), file=sys.stderr)
        return 1
    return code


def _run(given: argparse.Namespace, asked: list[int]) -> int:
    """Run the verb; what it refuses is one message, unless Ctrl-C was the reason."""
    from relapse_model.errors import RelapseModelError
    from relapse_model.files import printable

    try:
        if any(getattr(given, name, None) for name in ("out", "figures", "problems")):
            with _importing():
                from relapse_model.cli.outputs import check_outputs
            check_outputs(given)
        with _importing():
            run = action_of(given.verb)
        with _demanding(given), _out_on_standard_output(given):
            _listing_problems(run, given)
    except RelapseModelError as refusal:
        if asked:
            raise
        print(printable(f"relapse-model {given.verb}: {_told(given, refusal)}"), file=sys.stderr)
        return 1
    return 0


def _told(given: argparse.Namespace, refusal: RelapseModelError) -> str:
    """Return what is said of a refusal."""
    from relapse_model.cli.problem_list import as_told

    return as_told(given, refusal, written=getattr(given, "problems_written", False))


def _listing_problems(run: Callable[[argparse.Namespace], None], given: argparse.Namespace) -> None:
    """Run a verb; of what it refuses, write every problem to the file that was asked for, if one was."""
    from relapse_model.errors import RelapseModelError

    if getattr(given, "problems", None) is None:
        run(given)
        return
    from relapse_model.cli.problem_list import write_problems

    try:
        run(given)
    except RelapseModelError as refusal:
        write_problems(given, refusal)
        given.problems_written = True
        raise
    write_problems(given, None)


def _end_output() -> None:
    """Let what is still to be printed go nowhere: Python would try to write it again when it ends."""
    with suppress(OSError):  # not a file, in a notebook
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupted(given: argparse.Namespace, written: list[Path]) -> str:
    """Say what is there of a verb that was broken off: each file is whole, but others may be missing."""
    from relapse_model.files import names_of_written, printable

    names = names_of_written(written)
    said = f"written before that, each whole: {names}" if names else "no output was written"
    return printable(f"relapse-model {given.verb}: interrupted; {said}{_goes_on(given)}.")


def _goes_on(given: argparse.Namespace) -> str:
    """Say what the next run of an interrupted one does."""
    later = {
        "score": "; the same command goes on where many patients were being scored",
        "validate": "; with --resume the same command goes on with what was done",
    }
    return later.get(given.verb, "")


def _out_on_standard_output(given: argparse.Namespace) -> AbstractContextManager[None]:
    """Return what writes the output ``-`` to standard output, and what is said to people beside it."""
    if getattr(given, "out", None) != "-":
        return nullcontext()
    from relapse_model.cli.outputs import on_standard_output

    return on_standard_output(given)


def _demanding(given: argparse.Namespace) -> AbstractContextManager[None]:
    """Return what demands, of every model that a verb opens, that it is signed with the key of ``--key``."""
    key = None if given.verb in ("sign", "verify") else getattr(given, "key", None)
    if key is None:
        return nullcontext()
    from relapse_model.model.file.demands import demanding

    return demanding(key)


@contextmanager
def _importing() -> Iterator[None]:
    """Keep the garbage collector from what is imported meanwhile: it stays until the end."""
    if "pandas" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()  # looking through all that pandas defines, again and again, takes a tenth of the time to a first score
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


if __name__ == "__main__":
    sys.exit(main())

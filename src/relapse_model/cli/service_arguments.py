"""The arguments of the verb that serves a model: serve."""

from __future__ import annotations

import argparse

from relapse_model.cli.arguments import add_model, positive


def serve(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `serve`."""
    add_model(verb)
    verb.add_argument(
        "--mapping", metavar="TOML", help="mapping of the kind fhir, as read takes it: also serve CDS Hooks cards"
    )
    verb.add_argument("--port", type=_port, default=8000, metavar="N", help="port (%(default)s)")
    verb.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="address to listen on; by default only this machine can connect (%(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--name",
        nargs="+",
        default=[],
        metavar="NAME",
        help="further host names under which it may be called, such as a gateway's",
    )
    verb.add_argument(
        "--origin", nargs="+", default=[], metavar="URL",
        help="sites whose pages may call it from a browser, such as https://ehr.example",
    )  # fmt: skip


def _port(text: str) -> int:
    number = positive(text)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"{text}: expected a port from 1 to 65535")
    return number

"""What the verb does that serves a model: serve."""

from __future__ import annotations

from argparse import Namespace

from relapse_model.cli.texts import SYNTHETIC, say


def serve(given: Namespace) -> None:
    """Serve a model until interrupted."""
    from relapse_model.service.server import is_loopback, scorer_of
    from relapse_model.service.server import serve as run

    scorer = scorer_of(given.model, given.mapping)
    address = f"http://{given.host}:{given.port}"
    cards = f", {address}/cds-services" if scorer.mapping is not None else "; no cards without --mapping"
    say(f"Serving {given.model} at {address}/score, {address}/model-card{cards}. Nothing is logged. Ctrl-C ends it.")
    if not is_loopback(given.host):
        say(
            "Other machines can call it, without encryption and without a password: put the hospital's gateway before "
            "it, which has both."
        )
    if scorer.model.summary["synthetic"]:
        say(SYNTHETIC)
    run(scorer, host=given.host, port=given.port, names=given.name, origins=given.origin)

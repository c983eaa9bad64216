"""The service on a port of this machine."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from relapse_model.cohort.readers.mapping_file import load_mapping
from relapse_model.cohort.readers.packages import needed
from relapse_model.errors import RelapseModelError
from relapse_model.model.relapse_model import load_model
from relapse_model.service.application import application
from relapse_model.service.scoring import Scorer

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_IDLE_SECONDS, _AT_ONCE = 5, 32


def scorer_of(model: str | Path, mapping: str | Path | None = None) -> Scorer:
    """Open the model file, and the mapping for cards.

    Parameters
    ----------
    model : str or Path
    mapping : str or Path, optional
        Of the kind ``"fhir"``.
    """
    opened = load_model(model)
    identity = hashlib.sha256(Path(model).read_bytes()).hexdigest()[:12]
    return Scorer(opened, identity, None if mapping is None else load_mapping(mapping, "fhir"))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address.

    Parameters
    ----------
    host : str

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("ward.example")
    (True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(
    scorer: Scorer, *, host: str = "127.0.0.1", port: int = 8000, names: Sequence[str] = (), origins: Sequence[str] = ()
) -> None:
    """Serve until interrupted; no line is written of any request.

    Parameters
    ----------
    scorer : Scorer
    host : str
        Address to listen at.
    port : int
    names : sequence of str
        Further names under which it may be called, such as that of a gateway.
    origins : sequence of str
        Of pages whose scripts may call it.

    Raises
    ------
    RelapseModelError
        If the packages of the extra ``service`` are missing, or the port is taken.
    """
    for package in ("starlette", "uvicorn"):
        needed(package, "serve", "service")
    import uvicorn

    app = application(scorer, hosts=[*LOOPBACK, *([] if is_loopback(host) else [host]), *names], origins=origins)
    settings = uvicorn.Config(
        app, host=host, port=port, access_log=False, log_level="error", timeout_keep_alive=_IDLE_SECONDS,
        limit_concurrency=_AT_ONCE, server_header=False, proxy_headers=False, lifespan="off",
    )  # fmt: skip
    try:
        uvicorn.Server(settings).run()
    except SystemExit:  # it says why, of a port that is taken, and leaves
        raise RelapseModelError(f"serve: {host}, port {port}, cannot be listened at; expected a free port.") from None

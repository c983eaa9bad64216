"""A PostgreSQL server of one's own on 127.0.0.1, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "correct horse/staple"  # with what a URL must not hold unescaped


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    own = shutil.which("initdb")
    return None if own is None else Path(own).parent


def _as_nobody_special() -> list[str]:
    """Return how to run a program as the user postgres, where we are root: the server refuses to be."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Yield the URL of an empty database, with the user ``tester`` and his password; skip where there is no server."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (apt install postgresql)")
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL cannot be started as root, and setpriv is not there")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    if os.geteuid() == 0:
        for path in (folder, secret):
            shutil.chown(path, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = _as_nobody_special()
    data = str(folder / "data")
    subprocess.run([*run, str(programs / "initdb"), "-D", data, "-U", "tester", "-A", "scram-sha-256", "-N",
                    f"--pwfile={secret}", "--no-locale", "-E", "UTF8"], check=True, capture_output=True)  # fmt: skip
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*run, str(programs / "postgres"), "-D", data, "-k", str(folder), "-h", "127.0.0.1", "-p", str(port),
             "-c", "fsync=off"], stdout=log, stderr=log,
        )  # fmt: skip
    try:
        from urllib.parse import quote

        url = f"postgresql+psycopg://tester:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"
        _wait(url)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(url)
    for _ in range(100):
        with contextlib.suppress(sqlalchemy.exc.OperationalError):
            engine.connect().close()
            engine.dispose()
            return
        time.sleep(0.2)
    raise RuntimeError("the server did not come up within 20 s")

"""The service over HTTP: its addresses, what a request may be, and what is never written down."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relapse_model.report.model_card import model_card
from relapse_model.service.refusals import RequestRefusedError, operation_outcome
from relapse_model.service.scoring import Scorer

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

MAX_BYTES = 5 * 2**20
SECONDS_TO_SEND = 30.0
_EXPOSED = ["Origin", "Accept", "Content-Location", "Location", "X-Requested-With"]  # as CDS Hooks lists them
_LOG = logging.getLogger(__name__)


def application(scorer: Scorer, *, hosts: Sequence[str], origins: Sequence[str] = ()) -> Starlette:
    """Return the service as an ASGI application.

    Nothing of a request or an answer is logged or kept; of a fault of the service, only its kind and the line of code.

    Parameters
    ----------
    scorer : Scorer
    hosts : sequence of str
        Names under which it may be called; a page elsewhere that has its own name point here is refused.
    origins : sequence of str
        Of pages in whose scripts a browser may call it (CORS).
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.middleware.cors import CORSMiddleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Route

    middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)]
    if origins:
        middleware.insert(
            0, Middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST", "OPTIONS"],
                          allow_headers=[*_EXPOSED, "Authorization", "Content-Type"], expose_headers=_EXPOSED),
        )  # fmt: skip
    one_at_a_time = asyncio.Semaphore(1)
    routes = [
        Route("/score", _computed(scorer.scores, one_at_a_time), methods=["POST"]),
        Route("/cds-services", _discovery(scorer), methods=["GET"]),
        Route("/model-card", _card(scorer), methods=["GET"]),
    ]
    if scorer.mapping is not None:
        name = scorer.model.study.name
        routes.append(Route(f"/cds-services/{name}", _computed(scorer.cards, one_at_a_time), methods=["POST"]))
    return Starlette(routes=routes, middleware=middleware, exception_handlers={HTTPException: _not_found})


Endpoint = Callable[["Request"], Awaitable["Response"]]


def _computed(compute: Callable[[bytes], dict[str, Any]], one_at_a_time: asyncio.Semaphore) -> Endpoint:
    """Return what reads a body, computes its answer in a thread, and says what was wrong."""
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import ClientDisconnect

    async def answer(request: Request) -> Response:
        try:
            body = await _body(request)
            async with one_at_a_time:
                return _json(200, await run_in_threadpool(compute, body))
        except RequestRefusedError as refused:
            return _json(refused.status, operation_outcome(refused.status, refused.reasons))
        except ClientDisconnect:
            return _json(400, operation_outcome(400, ["the request was not sent to its end"]))
        except Exception as fault:  # its text could hold what came in the request
            where = traceback.extract_tb(fault.__traceback__)[-1]
            _LOG.error("%s in %s, line %s", type(fault).__name__, Path(where.filename).name, where.lineno)
            return _json(500, operation_outcome(500, ["a fault of the service; nothing was computed"]))

    return answer


async def _body(request: Request) -> bytes:
    """Return the body of a request, or refuse it before all of it is read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/fhir+json"):
        raise RequestRefusedError(415, ["Content-Type: expected application/json"])
    too_long = RequestRefusedError(413, [f"a body of more than {MAX_BYTES:,} bytes; score it from the command line"])
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:19]) > MAX_BYTES:
        raise too_long
    parts, size = [], 0
    try:
        async with asyncio.timeout(SECONDS_TO_SEND):
            async for part in request.stream():
                parts.append(part)
                size += len(part)
                if size > MAX_BYTES:
                    raise too_long
    except TimeoutError:
        raise RequestRefusedError(408, [f"the body did not come within {SECONDS_TO_SEND:g} seconds"]) from None
    return b"".join(parts)


def _discovery(scorer: Scorer) -> Endpoint:
    async def answer(_: Request) -> Response:
        return _json(200, scorer.services())

    return answer


def _card(scorer: Scorer) -> Endpoint:
    from starlette.responses import Response

    text = model_card(scorer.model)

    async def answer(_: Request) -> Response:
        return Response(text, media_type="text/markdown; charset=utf-8", headers=_HEADERS)

    return answer


async def _not_found(_: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    reasons = {404: "no such address; see /cds-services", 405: "another method is expected"}
    return _json(status, operation_outcome(status, [reasons.get(status, "refused")]))


_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def _json(status: int, content: dict[str, Any]) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(content, status_code=status, headers=_HEADERS)

"""The application: every door on one node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from suyuan.api import appeals, audits, epcis, evidence, health, log, operator, orders, problems, reviews, rpc, v1
from suyuan.api.together import Together
from suyuan.bootstrap import Node
from suyuan.web import pages


def create(node: Node, leave: Callable[[], None] | None = None) -> FastAPI:
    """An application that serves a node, and seals while it does. `leave`: what ends it, if it is more than to stop."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        node.start()
        yield
        (leave or node.stop)()

    app = FastAPI(
        title="Suyuan 溯源",
        description="Provenance and reviews that no reader has to trust the writer of.",
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.node = node
    app.state.together = Together(node.prover)
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=4)
    problems.install(app)
    for router in (
        epcis.router,
        v1.router,
        orders.router,
        reviews.router,
        audits.router,
        evidence.router,
        appeals.router,
        operator.router,
        log.router,
        rpc.router,
        health.router,
    ):
        app.include_router(router)
    pages.install(app)
    return app

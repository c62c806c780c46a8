"""What uvicorn loads in each worker process."""

from __future__ import annotations

from fastapi import FastAPI

from suyuan.api.app import create
from suyuan.bootstrap import open_node
from suyuan.config import Settings


def application() -> FastAPI:
    """An application on a node of its own."""
    return create(open_node(Settings()))

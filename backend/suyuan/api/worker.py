"""What uvicorn loads in each worker process."""

from __future__ import annotations

import gc

from fastapi import FastAPI

from suyuan.api.app import create
from suyuan.bootstrap import open_node
from suyuan.config import Settings


def application() -> FastAPI:
    """An application on a node of its own."""
    node = open_node(Settings())
    made = create(node, node.close)
    gc.collect()
    gc.freeze()  # what is there now stays, and is not gone through again while requests wait
    return made

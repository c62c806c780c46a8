"""Chains and deployments to test the contracts on: each test that asks for them runs on both nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from web3.contract import Contract

from contracts.deployments import Deployment, deploy
from contracts.nodes import NODES, Node, node


@pytest.fixture(scope="session", params=NODES)
def chain(request: pytest.FixtureRequest) -> Iterator[Node]:
    with node(request.param) as started:
        yield started


@pytest.fixture
def deployed(chain: Node) -> Deployment:
    return deploy(chain)


@pytest.fixture(scope="session")
def shared_deployment(chain: Node) -> Deployment:
    """One deployment for tests that only read."""
    return deploy(chain)


@pytest.fixture(scope="session")
def harness(chain: Node) -> Contract:
    """The libraries, callable."""
    return chain.deploy("VectorHarness")

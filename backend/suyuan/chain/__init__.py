"""The chain: a port, web3 behind it over any node, a node of our own, keys, and the contracts' deployment."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from suyuan.chain.node import Web3Chain


def connect(url: str, folder: Path | None = None, *, funded: Iterable[str] = (), confirmations: int = 1) -> Web3Chain:
    """The chain at a JSON-RPC URL; without one, the embedded chain in `folder`.

    `funded` (0x addresses) get money in an embedded chain that is yet to begin. What the registries' events tell is
    believed after `confirmations` blocks, its own among them. Raises ChainAway where the embedded chain does not open;
    a node far away is first asked when something is asked of it.
    """
    # web3 takes a second to import, the EVM another: whoever only opens a key waits for neither.
    from suyuan.chain.node import Web3Chain

    if url:
        from requests import Session
        from web3 import HTTPProvider

        session = Session()
        # Who calls decides whether to ask again.
        provider = HTTPProvider(
            url, request_kwargs={"timeout": (5, 30)}, session=session, exception_retry_configuration=None
        )
        where = f"the chain at {urlsplit(url).hostname}"  # the rest of a URL may be an access key
        return Web3Chain(provider, where=where, confirmations=confirmations, close=session.close)
    if folder is None:
        raise ValueError("an embedded chain needs a folder")
    from suyuan.chain.embedded import EmbeddedNode, EmbeddedProvider

    node = EmbeddedNode(folder, funded=funded)
    where = "the embedded chain"
    return Web3Chain(EmbeddedProvider(node), where=where, confirmations=confirmations, close=node.close)

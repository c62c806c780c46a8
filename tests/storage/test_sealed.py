"""What a worker keeps in memory of the sealed journal."""

from __future__ import annotations

from hashlib import sha256

import pytest

from live import Live
from suyuan.core import merkle
from suyuan.core.errors import ProofFault
from suyuan.storage import sealed
from suyuan.storage.sealed import Kept, TiledTree


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    kept = Kept[int, bytes](30, len)
    for n in range(4):
        kept.put({n: bytes(10)})
    assert [n for n in range(4) if kept.get(n) is not None] == [1, 2, 3]
    assert not kept.room()
    kept.put({2: bytes(5)})
    assert kept.without([1]).get(1) is None
    assert kept.without([1]).room()
    assert kept.get(1) == bytes(10)
    kept.put({9: bytes(31)})
    assert kept.get(9) is None


@pytest.mark.parametrize("most", [0, 40_000, 1 << 20])
def test_a_tree_in_tiles_gives_every_path_whatever_is_kept(live: Live, most: int) -> None:
    leaves = [sha256(i.to_bytes(2, "big")).digest() for i in range(1_000)]
    database, tree = live.node.database, merkle.Tree(leaves)
    tiled = TiledTree(database, most=most)
    for begin, end in ((0, 300), (300, 700), (700, 1_000)):
        with database.write() as connection:
            sealed.extend(connection, begin, leaves[begin:end])
        paths = merkle.Paths(tiled, end)
        with database.scan() as connection:
            for index in (0, 255, 256, 299, end // 2, end - 1):
                tiled.prepare(connection, paths, [index])
                assert paths.of(index) == merkle.inclusion(tree, index, end)
    with database.read() as connection:
        for _ in tiled.warm(connection, 1_000):
            pass
    with pytest.raises(ProofFault):
        merkle.Paths(tiled, 1_001)

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Proofs of the heads map: how many entries a subject has, and which is its newest
/// @notice Keys are walked from their most significant bit. A subtree with one key is that key's leaf, with none it
/// is `EMPTY`, with more a node. A proof is the siblings from the root downwards, and what the path ends at. The
/// root fixes one end for each key, so that no map proves a key both present and absent. The functions answer and
/// never revert.
library HeadsMap {
    /// @notice A leaf of the map: a subject's key, the number of its entries, the leaf hash of its newest.
    struct Head {
        bytes32 key;
        uint64 count;
        bytes32 leaf;
    }

    /// @notice A subtree without keys; the root of the map without subjects.
    bytes32 internal constant EMPTY = bytes32(0);

    /// @notice Whether the map with root `heads` holds this head.
    function present(Head memory head, bytes32[] calldata siblings, bytes32 heads) internal pure returns (bool) {
        return head.count > 0 && siblings.length <= 256 && climb(leafHash(head), head.key, siblings) == heads;
    }

    /// @notice Whether the map with root `heads` holds nothing for `key`: its path ends at `met`, another key's head,
    /// or at nothing, where `met` is all zeros.
    function absent(bytes32 key, Head memory met, bytes32[] calldata siblings, bytes32 heads)
        internal
        pure
        returns (bool)
    {
        if (siblings.length > 256) return false;
        if (met.count == 0) {
            return met.key == 0 && met.leaf == 0 && climb(EMPTY, key, siblings) == heads;
        }
        bool shared = siblings.length == 0 || (met.key ^ key) >> (256 - siblings.length) == 0;
        return shared && met.key != key && climb(leafHash(met), key, siblings) == heads;
    }

    /// @notice `SHA-256(0x02 || key || count || leaf)`.
    function leafHash(Head memory head) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x02), head.key, head.count, head.leaf));
    }

    /// @dev The root above `end` at depth `siblings.length`, at most 256, of the path of `key`.
    function climb(bytes32 end, bytes32 key, bytes32[] calldata siblings) private pure returns (bytes32 root) {
        root = end;
        for (uint256 depth = siblings.length; depth > 0; --depth) {
            bytes32 sibling = siblings[depth - 1];
            bool right = (uint256(key) >> (256 - depth)) & 1 == 1;
            root = right ? node(sibling, root) : node(root, sibling);
        }
    }

    function node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x03), left, right));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Proofs of RFC 9162 (Certificate Transparency 2.0) over SHA-256 trees
/// @notice `node = SHA-256(0x01 || left || right)`, the empty tree is `SHA-256("")`. Proofs are lists of 32-byte
/// hashes in the order of sections 2.1.3 and 2.1.4. The functions answer and never revert.
/// @dev Sections 2.1.3.2 and 2.1.4.2 climb from a node and the last node of the tree, side by side. Up to the level at
/// which the two are one (as many levels as their indices' xor has bits) every level takes one hash of the proof: a
/// left sibling where the index is odd, else a right one. Above it, the tree's right border takes a left sibling for
/// each bit that is set, and nothing for the others. Nothing here overflows; the unchecked blocks save gas alone.
library Rfc9162 {
    /// @notice The root of the tree without leaves.
    bytes32 internal constant EMPTY = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855;

    /// @notice Whether `leaf` is the leaf at `index` (from 0) of the tree of `size` leaves with `root`.
    /// @dev A proof that is too short or too long is refused.
    function included(bytes32 leaf, uint64 index, bytes32[] calldata proof, uint64 size, bytes32 root)
        internal
        pure
        returns (bool)
    {
        if (index >= size) return false;
        unchecked {
            uint256 fn = index;
            uint256 below = fn ^ (size - 1);
            bytes32 r = leaf;
            uint256 length = proof.length;
            uint256 i = 0;
            for (; below != 0; below >>= 1) {
                if (i == length) return false;
                bytes32 c = proof[i++];
                r = fn & 1 != 0 ? node(c, r) : node(r, c);
                fn >>= 1;
            }
            for (; fn != 0; fn &= fn - 1) {
                if (i == length) return false;
                r = node(proof[i++], r);
            }
            return i == length && r == root;
        }
    }

    /// @notice Whether the tree of `newSize` leaves with `newRoot` begins with that of `oldSize` with `oldRoot`.
    /// @dev Every tree begins with the empty one, which proves nothing: `oldSize` 0 is refused. Equal sizes take the
    /// empty proof alone.
    function consistent(
        uint64 oldSize,
        bytes32 oldRoot,
        uint64 newSize,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) internal pure returns (bool) {
        if (oldSize == 0 || oldSize > newSize) return false;
        if (oldSize == newSize) return proof.length == 0 && oldRoot == newRoot;
        unchecked {
            uint256 fn = oldSize - 1;
            uint256 below = fn ^ (newSize - 1);
            for (; fn & 1 != 0; fn >>= 1) {
                below >>= 1;
            }
            uint256 length = proof.length;
            if (length == 0) return false;
            // An old tree that is one full subtree (fn is 0 now) is its own first node, and left out of the proof.
            uint256 i = fn == 0 ? 0 : 1;
            bytes32 fr = fn == 0 ? oldRoot : proof[0];
            bytes32 sr = fr;
            for (; below != 0; below >>= 1) {
                if (i == length) return false;
                bytes32 c = proof[i++];
                if (fn & 1 != 0) {
                    fr = node(c, fr);
                    sr = node(c, sr);
                } else {
                    sr = node(sr, c);
                }
                fn >>= 1;
            }
            for (; fn != 0; fn &= fn - 1) {
                if (i == length) return false;
                bytes32 c = proof[i++];
                fr = node(c, fr);
                sr = node(c, sr);
            }
            return i == length && fr == oldRoot && sr == newRoot;
        }
    }

    /// @notice The hash above two subtrees.
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }
}

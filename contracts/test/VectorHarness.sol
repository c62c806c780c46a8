// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {EntryHeader} from "../libraries/EntryHeader.sol";
import {HeadsMap} from "../libraries/HeadsMap.sol";
import {Rfc9162} from "../libraries/Rfc9162.sol";
import {Tally} from "../libraries/Tally.sol";

/// @title The libraries, each function to be called by tests
contract VectorHarness {
    function leafHash(bytes calldata header) external pure returns (bytes32) {
        return EntryHeader.leafHash(header);
    }

    function decode(bytes calldata header) external pure returns (EntryHeader.Entry memory) {
        return EntryHeader.decode(header);
    }

    function included(bytes32 leaf, uint64 index, bytes32[] calldata proof, uint64 size, bytes32 root)
        external
        pure
        returns (bool)
    {
        return Rfc9162.included(leaf, index, proof, size, root);
    }

    function consistent(uint64 oldSize, bytes32 oldRoot, uint64 newSize, bytes32 newRoot, bytes32[] calldata proof)
        external
        pure
        returns (bool)
    {
        return Rfc9162.consistent(oldSize, oldRoot, newSize, newRoot, proof);
    }

    function present(HeadsMap.Head calldata head, bytes32[] calldata siblings, bytes32 heads)
        external
        pure
        returns (bool)
    {
        return HeadsMap.present(head, siblings, heads);
    }

    function absent(bytes32 key, HeadsMap.Head calldata met, bytes32[] calldata siblings, bytes32 heads)
        external
        pure
        returns (bool)
    {
        return HeadsMap.absent(key, met, siblings, heads);
    }

    function step(bytes32 before, uint8 kind, uint8 arg) external pure returns (bool valid, bytes32 state) {
        return Tally.step(before, kind, arg);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A predecessor that claims every seal, so that a journal can begin at any size
contract AnyPredecessor {
    function isSeal(uint64, uint64, bytes32, bytes32, uint64) external pure returns (bool) {
        return true;
    }
}

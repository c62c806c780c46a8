// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The header of a journal's entry
/// @notice 147 bytes, integers big-endian:
///
///     0  version   1      35  seq    8     83  state  32
///     1  kind      1      43  prev  32    115  body   32
///     2  arg       1      75  at     8
///     3  key      32
library EntryHeader {
    /// @notice The fields, `at` in milliseconds since 1970 UTC; `body` is the hash of its canonical JSON.
    struct Entry {
        uint8 version;
        uint8 kind;
        uint8 arg;
        bytes32 key;
        uint64 seq;
        bytes32 prev;
        uint64 at;
        bytes32 state;
        bytes32 body;
    }

    uint256 internal constant LENGTH = 147;

    /// @notice The header is `length` bytes long and not 147.
    error HeaderLength(uint256 length);

    /// @notice `SHA-256(0x00 || header)`: the leaf of the journal's tree. Reverts on another length.
    function leafHash(bytes calldata header) internal pure returns (bytes32) {
        if (header.length != LENGTH) revert HeaderLength(header.length);
        return sha256(abi.encodePacked(bytes1(0x00), header));
    }

    /// @notice The header's fields, taken as they are: no value is judged. Reverts on another length.
    function decode(bytes calldata header) internal pure returns (Entry memory entry) {
        if (header.length != LENGTH) revert HeaderLength(header.length);
        entry.version = uint8(header[0]);
        entry.kind = uint8(header[1]);
        entry.arg = uint8(header[2]);
        entry.key = bytes32(header[3:35]);
        entry.seq = uint64(bytes8(header[35:43]));
        entry.prev = bytes32(header[43:75]);
        entry.at = uint64(bytes8(header[75:83]));
        entry.state = bytes32(header[83:115]);
        entry.body = bytes32(header[115:147]);
    }
}

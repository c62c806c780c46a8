// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title What a seal is measured against: every checkpoint a struct in a mapping
contract CheckpointStruct {
    struct Checkpoint {
        bytes32 content;
        bytes32 place;
        address author;
        uint64 recordedAt;
    }

    mapping(bytes32 subject => Checkpoint[] checkpoints) private _checkpoints;

    event Recorded(bytes32 indexed subject, address indexed author, bytes32 content);

    function record(bytes32 subject, bytes32 content, bytes32 place) external {
        _checkpoints[subject].push(Checkpoint(content, place, msg.sender, uint64(block.timestamp)));
        emit Recorded(subject, msg.sender, content);
    }
}

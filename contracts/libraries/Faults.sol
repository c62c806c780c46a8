// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {EntryHeader} from "./EntryHeader.sol";
import {HeadsMap} from "./HeadsMap.sol";
import {Tally} from "./Tally.sol";

/// @title What no honest journal holds
/// @notice Whether entries and heads, each proven to be in the journal, are at odds. Whether they are in it is for the
/// caller to prove. No function here says yes of entries that were written by the rules.
library Faults {
    uint8 private constant VERSION = 1;

    /// @notice An entry that the journal holds, with its leaf hash and its place.
    struct Exhibit {
        EntryHeader.Entry entry;
        bytes32 leaf;
        uint64 index;
    }

    /// @notice Whether `head`, of the entry's own key and of the same or a later state, leaves the entry out: it counts
    /// no further than to it, or ends with another leaf at its place.
    function omitted(Exhibit memory one, HeadsMap.Head memory head) internal pure returns (bool) {
        if (one.entry.seq >= head.count) return true;
        return one.entry.seq == head.count - 1 && one.leaf != head.leaf;
    }

    /// @notice Whether an entry is the first of its stream and yet names one before it.
    function forked(Exhibit memory one) internal pure returns (bool) {
        return one.entry.seq == 0 && one.entry.prev != 0;
    }

    /// @notice Whether two entries of a stream are different and have one place, or the second comes next and names
    /// another as the one before it.
    function forked(Exhibit memory first, Exhibit memory second) internal pure returns (bool) {
        if (first.entry.key != second.entry.key) return false;
        if (first.entry.seq == second.entry.seq) return first.leaf != second.leaf;
        return second.entry.seq > 0 && second.entry.seq - 1 == first.entry.seq && second.entry.prev != first.leaf;
    }

    /// @notice Whether an entry's version is not 1, or it is the first of its stream and its state does not follow from
    /// zeros.
    function misstepped(Exhibit memory one) internal pure returns (bool) {
        return one.entry.version != VERSION || (one.entry.seq == 0 && !_follows(0, one.entry));
    }

    /// @notice Whether the second of two entries lies further on and was accepted earlier, or names the first as the
    /// one before it and has a state that does not follow.
    function misstepped(Exhibit memory first, Exhibit memory second) internal pure returns (bool) {
        if (first.index < second.index && first.entry.at > second.entry.at) return true;
        return second.entry.prev == first.leaf && !_follows(first.entry.state, second.entry);
    }

    function _follows(bytes32 before, EntryHeader.Entry memory entry) private pure returns (bool) {
        (bool valid, bytes32 state) = Tally.step(before, entry.kind, entry.arg);
        return valid && state == entry.state;
    }
}

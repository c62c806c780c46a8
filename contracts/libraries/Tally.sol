// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The running state of a stream: how many reviews stand, and how many of those are withheld, by stars
/// @notice `state` is ten 24-bit counts and two zero bytes: standing with 1 to 5 stars, withheld with 1 to 5 stars.
/// `arg = h << 6 | a << 3 | b`: `b` the new stars, `a` the old ones, `h` 1 where the review is withheld at the time.
///
///     kind          standing             withheld
///      7 review     +1 at b
///      8 amend      -1 at a, +1 at b     where h: -1 at a, +1 at b
///      9 withdraw   -1 at a              where h: -1 at a
///     10 withhold                        +1 at a
///     11 restore                         -1 at a
///     12 erase, 13 reply
///
/// Every other kind has `arg` 0 and carries the state on. The functions answer and never revert.
library Tally {
    uint8 internal constant REVIEW = 7;
    uint8 internal constant AMEND = 8;
    uint8 internal constant WITHDRAW = 9;
    uint8 internal constant WITHHOLD = 10;
    uint8 internal constant RESTORE = 11;
    uint8 internal constant REPLY = 13;

    int256 private constant MOST = 2 ** 24 - 1;

    /// @notice The state after an entry of `kind` with `arg`; `valid` is false where no state can follow: the stars are
    /// none, `arg` says what the kind has not, `before` is no tally, or a count would leave its bounds.
    function step(bytes32 before, uint8 kind, uint8 arg) internal pure returns (bool valid, bytes32 state) {
        if (kind < REVIEW || kind > REPLY) return (arg == 0, before);

        (uint8 h, uint8 a, uint8 b) = (arg >> 6, (arg >> 3) & 7, arg & 7);
        if (!_fits(a, kind >= AMEND && kind <= RESTORE) || !_fits(b, kind <= AMEND)) return (false, 0);
        if (h > (kind == AMEND || kind == WITHDRAW ? 1 : 0)) return (false, 0);

        if (uint16(uint256(before)) != 0) return (false, 0);
        int256[10] memory counts = _decode(before);
        if (!_bounded(counts)) return (false, 0);
        if (kind <= AMEND) ++counts[b - 1];
        if (kind == AMEND || kind == WITHDRAW) --counts[a - 1];
        if (h == 1 && kind == AMEND) ++counts[4 + b];
        if (h == 1 || kind == RESTORE) --counts[4 + a];
        if (kind == WITHHOLD) ++counts[4 + a];
        return _bounded(counts) ? (true, _encode(counts)) : (false, bytes32(0));
    }

    /// @dev One to five stars where the kind has them, else 0.
    function _fits(uint8 stars, bool wanted) private pure returns (bool) {
        return wanted ? stars >= 1 && stars <= 5 : stars == 0;
    }

    function _bounded(int256[10] memory counts) private pure returns (bool) {
        for (uint256 i = 0; i < 5; ++i) {
            (int256 standing, int256 withheld) = (counts[i], counts[5 + i]);
            if (withheld < 0 || withheld > standing || standing > MOST) return false;
        }
        return true;
    }

    function _decode(bytes32 state) private pure returns (int256[10] memory counts) {
        for (uint256 i = 0; i < 10; ++i) {
            counts[i] = int256(uint256(uint24(uint256(state) >> (232 - 24 * i))));
        }
    }

    /// @dev Of counts within their bounds.
    function _encode(int256[10] memory counts) private pure returns (bytes32 state) {
        for (uint256 i = 0; i < 10; ++i) {
            state |= bytes32(uint256(counts[i]) << (232 - 24 * i));
        }
    }
}

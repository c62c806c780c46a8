// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {EntryHeader} from "../libraries/EntryHeader.sol";
import {HeadsMap} from "../libraries/HeadsMap.sol";
import {IBatchRegistry} from "./IBatchRegistry.sol";
import {IMerchantRegistry} from "./IMerchantRegistry.sol";

/// @title The journal's seals
/// @notice A seal is a state of the journal: its size, the RFC 9162 root over its entries, the root of the heads map.
/// Each seal is proven to go on from the one before, so that the past cannot be rewritten, whoever holds the key.
/// Times are seconds since 1970 UTC.
interface IJournal {
    /// @notice One seal; numbers run from 1.
    struct Seal {
        uint64 number;
        uint64 size;
        bytes32 root;
        bytes32 heads;
        uint64 sealedAt;
    }

    /// @notice A promise that the `count` leaves from `index` on, with the RFC 9162 root `leaves`, are in a seal no
    /// later than `sealBy`. EIP-712, domain `Suyuan` version `1`, this journal the verifying contract.
    struct Receipt {
        bytes32 leaves;
        uint64 index;
        uint64 count;
        uint64 issuedAt;
        uint64 sealBy;
    }

    /// @notice What `checkReceipt` finds, the first that applies in the order BadSignature (by nobody), UnknownKey
    /// (by a key that does not count now), OutOfBounds (no leaves, or a promise that ends before it begins or further
    /// off than `promiseBound`).
    enum ReceiptVerdict {
        Valid,
        BadSignature,
        UnknownKey,
        OutOfBounds
    }

    /// @notice The journal's newest state is this one.
    event Sealed(uint64 indexed number, uint64 size, bytes32 root, bytes32 heads, uint64 sealedAt);
    /// @notice `key` signs receipts from now on, or no more.
    event ReceiptKeyChanged(address indexed key, bool signs);

    /// @notice `size` is not at least 1 and at most 2^24 above `current`.
    error SizeOutOfBounds(uint64 current, uint64 size);
    /// @notice The proof does not lead from the current state to the new one.
    error NotConsistent(uint64 oldSize, bytes32 oldRoot, uint64 newSize, bytes32 newRoot);
    /// @notice The predecessor did not keep this seal; or there is none, and the seal is not all zeros.
    error NotASeal(address predecessor, Seal given);
    /// @notice `key` signs receipts, or does not, as it is to.
    error ReceiptKeyUnchanged(address key, bool signs);
    /// @notice The zero address signs nothing.
    error ZeroAddress();

    /// @notice The role that seals.
    // solhint-disable-next-line func-name-mixedcase
    function SEALER_ROLE() external view returns (bytes32);

    /// @notice Who may write.
    function merchants() external view returns (IMerchantRegistry);

    /// @notice The batches of this deployment.
    function batches() external view returns (IBatchRegistry);

    /// @notice The journal that this one goes on from; zero where there is none.
    function predecessor() external view returns (IJournal);

    /// @notice The predecessor's seal from which this journal goes on; zeros where there is none.
    function predecessorSeal() external view returns (Seal memory);

    /// @notice How far `sealBy` may be from `issuedAt` in a receipt, in seconds.
    function promiseBound() external view returns (uint64);

    /// @notice Put the journal's newest state on-chain. SEALER_ROLE.
    /// @param consistency RFC 9162 proof from the current size to `size`; empty where the current size is 0
    /// @dev Reverts with SizeOutOfBounds or NotConsistent.
    function seal(uint64 size, bytes32 root, bytes32 heads, bytes32[] calldata consistency) external;

    /// @notice Let `key` sign receipts, or no more. DEFAULT_ADMIN_ROLE.
    /// @dev Reverts with ZeroAddress or ReceiptKeyUnchanged.
    function setReceiptKey(address key, bool signs) external;

    /// @notice The newest state: the newest seal's, else that of the predecessor's seal, else the empty journal.
    function head() external view returns (uint64 size, uint64 sealedAt, bytes32 root, bytes32 heads);

    /// @notice The number of the newest seal of this journal; 0 where there is none.
    function seals() external view returns (uint64);

    /// @notice Whether this journal has had this seal.
    function isSeal(uint64 number, uint64 size, bytes32 root, bytes32 heads, uint64 sealedAt)
        external
        view
        returns (bool);

    /// @notice Whether receipts signed by `key` count at a time: it signs them then, or stopped at most 30 days before.
    function receiptKeyAt(address key, uint64 at) external view returns (bool);

    /// @notice Whether the receipt counts now. Its own times do not decide: a stolen key could write any.
    function checkReceipt(Receipt calldata receipt, bytes calldata signature) external view returns (ReceiptVerdict);

    /// @notice The fields of a 147-byte header. Reverts with HeaderLength on another length.
    function decode(bytes calldata header) external pure returns (EntryHeader.Entry memory);

    /// @notice Whether the entry is at `index` in the tree of `size` with `root`. Reverts with HeaderLength.
    function verifyEntry(bytes calldata header, uint64 index, bytes32[] calldata proof, uint64 size, bytes32 root)
        external
        pure
        returns (bool);

    /// @notice Whether, in the map with root `heads`, the subject of `key` has `count` entries, the newest `leaf`.
    function verifyHead(bytes32 key, uint64 count, bytes32 leaf, bytes32[] calldata siblings, bytes32 heads)
        external
        pure
        returns (bool);

    /// @notice Whether the map with root `heads` has nothing for `key`: its path ends at another key's head `met`, or
    /// at nothing, where `met` is all zeros.
    function verifyAbsence(bytes32 key, HeadsMap.Head calldata met, bytes32[] calldata siblings, bytes32 heads)
        external
        pure
        returns (bool);

    /// @notice `verifyEntry` against a seal that this journal has had.
    function verifySealedEntry(Seal calldata given, bytes calldata header, uint64 index, bytes32[] calldata proof)
        external
        view
        returns (bool);

    /// @notice `verifyHead` against a seal that this journal has had.
    function verifySealedHead(Seal calldata given, bytes32 key, uint64 count, bytes32 leaf, bytes32[] calldata siblings)
        external
        view
        returns (bool);

    /// @notice `verifyAbsence` against a seal that this journal has had.
    function verifySealedAbsence(
        Seal calldata given,
        bytes32 key,
        HeadsMap.Head calldata met,
        bytes32[] calldata siblings
    ) external view returns (bool);
}

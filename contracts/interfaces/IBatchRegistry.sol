// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IMerchantRegistry} from "./IMerchantRegistry.sol";

/// @title Batches, committed before they are sold, and their recalls
/// @notice A batch is registered once, by its merchant's signature, and recalled at most once, for good. Times are
/// seconds since 1970 UTC.
interface IBatchRegistry {
    /// @notice What a merchant signs: EIP-712, domain `Suyuan` version `1`, this registry the verifying contract.
    /// @dev `key` is the hash of the batch's subject, `itemsRoot` the root over its `quantity` items, `content` the
    /// hash of the public part of its entry.
    struct Batch {
        bytes32 key;
        address merchant;
        uint64 quantity;
        bytes32 itemsRoot;
        bytes32 content;
    }

    /// @notice What is kept of a batch; `recalledAt` and `reason` are zero while it is not recalled.
    struct Record {
        address merchant;
        uint64 quantity;
        uint64 registeredAt;
        uint64 recalledAt;
        bytes32 itemsRoot;
        bytes32 content;
        bytes32 reason;
    }

    /// @notice The batch was registered, as its merchant had signed it.
    event Registered(
        bytes32 indexed key, address indexed merchant, uint64 quantity, bytes32 itemsRoot, bytes32 content
    );
    /// @notice The batch was recalled; `by` is the merchant's key or the regulator that did it.
    event Recalled(bytes32 indexed key, address indexed by, bytes32 reason);

    /// @notice Not one signature for each batch.
    error LengthsDiffer(uint256 batches, uint256 signatures);
    /// @notice A batch has this key.
    error AlreadyRegistered(bytes32 key);
    /// @notice No batch has this key.
    error NotRegistered(bytes32 key);
    /// @notice The batch was recalled before.
    error AlreadyRecalled(bytes32 key, uint64 recalledAt);
    /// @notice The signature is not by the current key of `merchant`, but by `signer` (zero: by nobody).
    error BadSignature(bytes32 key, address merchant, address signer);
    /// @notice `merchant` may not write now.
    error NoStanding(address merchant, IMerchantRegistry.Standing standing);
    /// @notice `by` holds neither the current key of the batch's merchant nor REGULATOR_ROLE.
    error NotAllowedToRecall(bytes32 key, address by);

    /// @notice The registry whose keys, standings and regulators count here.
    function merchants() external view returns (IMerchantRegistry);

    /// @notice Register batches, all or none; `signatures[i]` is over `batches[i]`. Anyone sends.
    /// @dev Reverts with LengthsDiffer, AlreadyRegistered, BadSignature or NoStanding.
    function register(Batch[] calldata batches, bytes[] calldata signatures) external;

    /// @notice Recall a batch: by its merchant's current key, whatever the standing, or by REGULATOR_ROLE.
    /// @param reason hash of the document that says why
    /// @dev Reverts with NotRegistered, AlreadyRecalled or NotAllowedToRecall.
    function recall(bytes32 key, bytes32 reason) external;

    /// @notice The same by signature, EIP-712 `Recall(bytes32 key,bytes32 reason)`. Anyone sends.
    /// @dev Reverts as `recall`; a signature by nobody is NotAllowedToRecall by the zero address.
    function recallFor(bytes32 key, bytes32 reason, bytes calldata signature) external;

    /// @notice What is kept of the batch; zeros where there is none.
    function batch(bytes32 key) external view returns (Record memory);
}

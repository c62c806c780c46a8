// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IBatchRegistry} from "./interfaces/IBatchRegistry.sol";
import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";

/// @title Registry of batches
/// @notice See {IBatchRegistry}.
contract BatchRegistry is IBatchRegistry, EIP712 {
    bytes32 private constant BATCH =
        keccak256("Batch(bytes32 key,address merchant,uint64 quantity,bytes32 itemsRoot,bytes32 content)");
    bytes32 private constant RECALL = keccak256("Recall(bytes32 key,bytes32 reason)");

    /// @inheritdoc IBatchRegistry
    IMerchantRegistry public immutable merchants;

    mapping(bytes32 key => Record record) private _records;

    constructor(IMerchantRegistry merchants_) EIP712("Suyuan", "1") {
        merchants = merchants_;
    }

    /// @inheritdoc IBatchRegistry
    function register(Batch[] calldata batches, bytes[] calldata signatures) external {
        if (batches.length != signatures.length) revert LengthsDiffer(batches.length, signatures.length);
        for (uint256 i = 0; i < batches.length; ++i) {
            _register(batches[i], signatures[i]);
        }
    }

    /// @inheritdoc IBatchRegistry
    function recall(bytes32 key, bytes32 reason) external {
        _recall(key, reason, msg.sender);
    }

    /// @inheritdoc IBatchRegistry
    function recallFor(bytes32 key, bytes32 reason, bytes calldata signature) external {
        _recall(key, reason, _signer(keccak256(abi.encode(RECALL, key, reason)), signature));
    }

    /// @inheritdoc IBatchRegistry
    function batch(bytes32 key) external view returns (Record memory) {
        return _records[key];
    }

    function _register(Batch calldata batch_, bytes calldata signature) private {
        Record storage record = _records[batch_.key];
        if (record.registeredAt != 0) revert AlreadyRegistered(batch_.key);

        // The struct has static members alone, so its encoding is that of its members one by one.
        address signer = _signer(keccak256(abi.encode(BATCH, batch_)), signature);
        (, IMerchantRegistry.Standing standing, address current,,) = merchants.merchant(batch_.merchant);
        if (signer == address(0) || signer != current) revert BadSignature(batch_.key, batch_.merchant, signer);
        if (standing != IMerchantRegistry.Standing.Admitted && standing != IMerchantRegistry.Standing.Warned) {
            revert NoStanding(batch_.merchant, standing);
        }

        record.merchant = batch_.merchant;
        record.quantity = batch_.quantity;
        record.registeredAt = uint64(block.timestamp);
        record.itemsRoot = batch_.itemsRoot;
        record.content = batch_.content;
        emit Registered(batch_.key, batch_.merchant, batch_.quantity, batch_.itemsRoot, batch_.content);
    }

    function _recall(bytes32 key, bytes32 reason, address by) private {
        Record storage record = _records[key];
        if (record.registeredAt == 0) revert NotRegistered(key);
        if (record.recalledAt != 0) revert AlreadyRecalled(key, record.recalledAt);
        bool merchant = by == merchants.keyAt(record.merchant, uint64(block.timestamp));
        if (by == address(0) || !(merchant || merchants.hasRole(merchants.REGULATOR_ROLE(), by))) {
            revert NotAllowedToRecall(key, by);
        }
        record.recalledAt = uint64(block.timestamp);
        record.reason = reason;
        emit Recalled(key, by, reason);
    }

    /// @dev Zero where the signature is by nobody.
    function _signer(bytes32 structHash, bytes calldata signature) private view returns (address signer) {
        (signer,,) = ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signature);
    }
}

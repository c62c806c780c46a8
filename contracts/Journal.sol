// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IBatchRegistry} from "./interfaces/IBatchRegistry.sol";
import {IJournal} from "./interfaces/IJournal.sol";
import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {EntryHeader} from "./libraries/EntryHeader.sol";
import {HeadsMap} from "./libraries/HeadsMap.sol";
import {Rfc9162} from "./libraries/Rfc9162.sol";

/// @title Journal of seals
/// @notice See {IJournal}.
contract Journal is IJournal, AccessControl, EIP712 {
    using Checkpoints for Checkpoints.Trace160;

    /// @inheritdoc IJournal
    bytes32 public constant SEALER_ROLE = keccak256("SEALER_ROLE");

    bytes32 private constant RECEIPT =
        keccak256("Receipt(bytes32 leaves,uint64 index,uint64 count,uint64 issuedAt,uint64 sealBy)");
    /// @dev A stolen key could otherwise grow the journal past all use.
    uint64 private constant GROWTH = 2 ** 24;
    uint64 private constant RECEIPT_GRACE = 30 days;

    /// @inheritdoc IJournal
    IMerchantRegistry public immutable merchants;
    /// @inheritdoc IJournal
    IBatchRegistry public immutable batches;
    /// @inheritdoc IJournal
    IJournal public immutable predecessor;
    /// @inheritdoc IJournal
    uint64 public immutable promiseBound;

    uint64 private immutable _predecessorNumber;
    uint64 private immutable _predecessorSize;
    bytes32 private immutable _predecessorRoot;
    bytes32 private immutable _predecessorHeads;
    uint64 private immutable _predecessorSealedAt;

    /// @inheritdoc IJournal
    uint64 public seals;
    uint64 private _size;
    uint64 private _sealedAt;
    bytes32 private _root;
    bytes32 private _heads;
    mapping(uint64 number => bytes32 hash) private _seals;
    /// @dev By time: until when receipts by the key count, as far as known then.
    mapping(address key => Checkpoints.Trace160 until) private _receiptKeys;

    /// @param predecessor_ zero, and `from_` all zeros, where the journal begins empty
    /// @param admin grants SEALER_ROLE and sets receipt keys
    constructor(
        IMerchantRegistry merchants_,
        IBatchRegistry batches_,
        IJournal predecessor_,
        Seal memory from_,
        uint64 promiseBound_,
        address admin
    ) EIP712("Suyuan", "1") {
        merchants = merchants_;
        batches = batches_;
        predecessor = predecessor_;
        promiseBound = promiseBound_;
        _predecessorNumber = from_.number;
        _predecessorSize = from_.size;
        _predecessorRoot = from_.root;
        _predecessorHeads = from_.heads;
        _predecessorSealedAt = from_.sealedAt;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);

        if (address(predecessor_) == address(0)) {
            bool given = from_.number != 0 || from_.size != 0 || from_.root != 0 || from_.heads != 0
                || from_.sealedAt != 0;
            if (given) revert NotASeal(address(0), from_);
            (_root, _heads) = (Rfc9162.EMPTY, HeadsMap.EMPTY);
        } else {
            if (!predecessor_.isSeal(from_.number, from_.size, from_.root, from_.heads, from_.sealedAt)) {
                revert NotASeal(address(predecessor_), from_);
            }
            (_size, _sealedAt, _root, _heads) = (from_.size, from_.sealedAt, from_.root, from_.heads);
        }
    }

    /// @inheritdoc IJournal
    function seal(uint64 size, bytes32 root, bytes32 heads, bytes32[] calldata consistency)
        external
        onlyRole(SEALER_ROLE)
    {
        (uint64 current, bytes32 currentRoot) = (_size, _root);
        if (size <= current || size - current > GROWTH) revert SizeOutOfBounds(current, size);
        bool consistent = current == 0
            ? consistency.length == 0
            : Rfc9162.consistent(current, currentRoot, size, root, consistency);
        if (!consistent) revert NotConsistent(current, currentRoot, size, root);

        uint64 number = seals + 1;
        uint64 sealedAt = uint64(block.timestamp);
        (seals, _size, _sealedAt) = (number, size, sealedAt);
        (_root, _heads) = (root, heads);
        _seals[number] = _hash(number, size, root, heads, sealedAt);
        emit Sealed(number, size, root, heads, sealedAt);
    }

    /// @inheritdoc IJournal
    function setReceiptKey(address key, bool signs) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (key == address(0)) revert ZeroAddress();
        Checkpoints.Trace160 storage until = _receiptKeys[key];
        if (signs == (until.latest() == type(uint160).max)) revert ReceiptKeyUnchanged(key, signs);
        until.push(uint96(block.timestamp), signs ? type(uint160).max : uint160(block.timestamp + RECEIPT_GRACE));
        emit ReceiptKeyChanged(key, signs);
    }

    /// @inheritdoc IJournal
    function head() external view returns (uint64 size, uint64 sealedAt, bytes32 root, bytes32 heads) {
        return (_size, _sealedAt, _root, _heads);
    }

    /// @inheritdoc IJournal
    function predecessorSeal() external view returns (Seal memory) {
        return Seal({
            number: _predecessorNumber,
            size: _predecessorSize,
            root: _predecessorRoot,
            heads: _predecessorHeads,
            sealedAt: _predecessorSealedAt
        });
    }

    /// @inheritdoc IJournal
    function checkReceipt(Receipt calldata receipt, bytes calldata signature) external view returns (ReceiptVerdict) {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(RECEIPT, receipt)));
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (signer == address(0)) return ReceiptVerdict.BadSignature;
        if (!receiptKeyAt(signer, uint64(block.timestamp))) return ReceiptVerdict.UnknownKey;
        bool bounded = receipt.count > 0 && receipt.sealBy >= receipt.issuedAt
            && receipt.sealBy - receipt.issuedAt <= promiseBound;
        return bounded ? ReceiptVerdict.Valid : ReceiptVerdict.OutOfBounds;
    }

    /// @inheritdoc IJournal
    function verifySealedEntry(Seal calldata given, bytes calldata header, uint64 index, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        return _wasSealed(given) && verifyEntry(header, index, proof, given.size, given.root);
    }

    /// @inheritdoc IJournal
    function verifySealedHead(Seal calldata given, bytes32 key, uint64 count, bytes32 leaf, bytes32[] calldata siblings)
        external
        view
        returns (bool)
    {
        return _wasSealed(given) && verifyHead(key, count, leaf, siblings, given.heads);
    }

    /// @inheritdoc IJournal
    function verifySealedAbsence(
        Seal calldata given,
        bytes32 key,
        HeadsMap.Head calldata met,
        bytes32[] calldata siblings
    ) external view returns (bool) {
        return _wasSealed(given) && verifyAbsence(key, met, siblings, given.heads);
    }

    /// @inheritdoc IJournal
    function decode(bytes calldata header) external pure returns (EntryHeader.Entry memory) {
        return EntryHeader.decode(header);
    }

    /// @inheritdoc IJournal
    function isSeal(uint64 number, uint64 size, bytes32 root, bytes32 heads, uint64 sealedAt)
        public
        view
        returns (bool)
    {
        return _seals[number] == _hash(number, size, root, heads, sealedAt);
    }

    /// @inheritdoc IJournal
    function receiptKeyAt(address key, uint64 at) public view returns (bool) {
        uint160 until = _receiptKeys[key].upperLookupRecent(at);
        return until != 0 && at <= until;
    }

    /// @inheritdoc IJournal
    function verifyEntry(bytes calldata header, uint64 index, bytes32[] calldata proof, uint64 size, bytes32 root)
        public
        pure
        returns (bool)
    {
        return Rfc9162.included(EntryHeader.leafHash(header), index, proof, size, root);
    }

    /// @inheritdoc IJournal
    function verifyHead(bytes32 key, uint64 count, bytes32 leaf, bytes32[] calldata siblings, bytes32 heads)
        public
        pure
        returns (bool)
    {
        return HeadsMap.present(HeadsMap.Head(key, count, leaf), siblings, heads);
    }

    /// @inheritdoc IJournal
    function verifyAbsence(bytes32 key, HeadsMap.Head calldata met, bytes32[] calldata siblings, bytes32 heads)
        public
        pure
        returns (bool)
    {
        return HeadsMap.absent(key, met, siblings, heads);
    }

    function _wasSealed(Seal calldata given) private view returns (bool) {
        return isSeal(given.number, given.size, given.root, given.heads, given.sealedAt);
    }

    function _hash(uint64 number, uint64 size, bytes32 root, bytes32 heads, uint64 sealedAt)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(number, size, root, heads, sealedAt));
    }
}

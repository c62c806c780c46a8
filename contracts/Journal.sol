// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IBatchRegistry} from "./interfaces/IBatchRegistry.sol";
import {IJournal} from "./interfaces/IJournal.sol";
import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";
import {EntryHeader} from "./libraries/EntryHeader.sol";
import {Faults} from "./libraries/Faults.sol";
import {HeadsMap} from "./libraries/HeadsMap.sol";
import {Rfc9162} from "./libraries/Rfc9162.sol";

/// @title Journal of seals
/// @notice See {IJournal}.
contract Journal is IJournal, AccessControl, EIP712 {
    using Checkpoints for Checkpoints.Trace160;

    /// @dev One slot, so that a seal reads and writes whether it may with what it must. `waitingSince`: when the oldest
    /// open appeal was asked; 0 where none is open.
    struct State {
        uint64 number;
        uint64 size;
        uint64 sealedAt;
        uint48 waitingSince;
        Fault ended;
    }

    struct Appeal {
        bytes32 body;
        uint64 askedAt;
    }

    /// @inheritdoc IJournal
    bytes32 public constant SEALER_ROLE = keccak256("SEALER_ROLE");

    bytes32 private constant RECEIPT =
        keccak256("Receipt(bytes32 leaves,uint64 index,uint64 count,uint64 issuedAt,uint64 sealBy)");
    /// @dev A stolen key could otherwise grow the journal past all use.
    uint64 private constant GROWTH = 2 ** 24;
    uint64 private constant RECEIPT_GRACE = 30 days;
    /// @dev SHA-256("/appeals").
    bytes32 private constant APPEALS_KEY = 0x0610b13f3ba7636b7cf5ff4fa1bb4c9d909e5b5a6620467767b1485bd3a18580;
    uint8 private constant APPEAL_KIND = 19;
    uint256 private constant BODY_LIMIT = 4096;
    /// @dev So that appeals by the hundred hold up no seal.
    uint256 private constant ANSWERS_ENOUGH = 32;

    /// @inheritdoc IJournal
    IMerchantRegistry public immutable merchants;
    /// @inheritdoc IJournal
    IBatchRegistry public immutable batches;
    /// @inheritdoc IJournal
    IJournal public immutable predecessor;
    /// @inheritdoc IJournal
    uint64 public immutable promiseBound;
    /// @inheritdoc IJournal
    uint64 public immutable gracePeriod;
    /// @inheritdoc IJournal
    uint256 public immutable appealFee;

    uint64 private immutable _predecessorNumber;
    uint64 private immutable _predecessorSize;
    bytes32 private immutable _predecessorRoot;
    bytes32 private immutable _predecessorHeads;
    uint64 private immutable _predecessorSealedAt;

    State private _state;
    bytes32 private _root;
    bytes32 private _heads;
    mapping(uint64 number => bytes32 hash) private _seals;
    /// @dev By time: until when receipts by the key count, as far as known then.
    mapping(address key => Checkpoints.Trace160 until) private _receiptKeys;
    uint64 private _asked;
    uint64 private _answered;
    /// @dev Those that are open.
    mapping(uint64 number => Appeal appeal) private _appeals;
    /// @inheritdoc IJournal
    uint64 public lateReceipts;
    mapping(bytes32 digest => bool counted) private _late;
    /// @inheritdoc IJournal
    mapping(bytes32 hash => uint64 since) public verifierSince;

    /// @param predecessor_ zero, and `from_` all zeros, where the journal begins empty
    /// @param gracePeriod_ long enough for the operator to seal, or nothing can be sealed for a while
    /// @param appealFee_ above what answering costs, or junk is cheaper to ask than to answer
    /// @param admin grants SEALER_ROLE, sets receipt keys and publishes verifiers
    constructor(
        IMerchantRegistry merchants_,
        IBatchRegistry batches_,
        IJournal predecessor_,
        Seal memory from_,
        uint64 promiseBound_,
        uint64 gracePeriod_,
        uint256 appealFee_,
        address admin
    ) EIP712("Suyuan", "1") {
        merchants = merchants_;
        batches = batches_;
        predecessor = predecessor_;
        promiseBound = promiseBound_;
        gracePeriod = gracePeriod_;
        appealFee = appealFee_;
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
            (_state.size, _state.sealedAt) = (from_.size, from_.sealedAt);
            (_root, _heads) = (from_.root, from_.heads);
        }
    }

    /// @inheritdoc IJournal
    function seal(
        uint64 size,
        bytes32 root,
        bytes32 heads,
        bytes32[] calldata consistency,
        Answer[] calldata answers
    ) external onlyRole(SEALER_ROLE) {
        if (_state.ended != Fault.None) revert JournalEnded(_state.ended);
        _requireConsistent(_state.size, _root, size, root, consistency);
        uint64 number = _state.number + 1;
        uint64 sealedAt = uint64(block.timestamp);
        uint48 waitingSince = answers.length == 0 ? _state.waitingSince : _answerAll(answers, number, size, root);
        bool overdue = waitingSince != 0 && answers.length < ANSWERS_ENOUGH && sealedAt - waitingSince > gracePeriod;
        if (overdue) revert AppealOverdue(_answered + 1, waitingSince);
        _state = State(number, size, sealedAt, waitingSince, Fault.None);
        (_root, _heads) = (root, heads);
        _seals[number] = _hash(number, size, root, heads, sealedAt);
        emit Sealed(number, size, root, heads, sealedAt);
    }

    /// @inheritdoc IJournal
    function appeal(bytes calldata body) external payable {
        State memory state = _state;
        if (state.ended != Fault.None) revert JournalEnded(state.ended);
        if (msg.value != appealFee) revert FeeDiffers(appealFee, msg.value);
        if (body.length > BODY_LIMIT) revert BodyTooLong(BODY_LIMIT, body.length);

        uint64 number = ++_asked;
        _appeals[number] = Appeal(sha256(body), uint64(block.timestamp));
        if (state.waitingSince == 0) _state.waitingSince = uint48(block.timestamp);
        emit Appealed(number, msg.sender, body);
    }

    /// @inheritdoc IJournal
    function answer(Evidence calldata given) external {
        _requireSeal(given.under);
        uint64 number = _answered + 1;
        Seal calldata under = given.under;
        _answerOne(number, given.header, given.index, given.proof, under.number, under.size, under.root);
        _answered = number;
        _state.waitingSince = uint48(_appeals[number + 1].askedAt);
    }

    /// @inheritdoc IJournal
    function collectFees(address payable to) external {
        if (!merchants.hasRole(merchants.REGULATOR_ROLE(), msg.sender)) revert NotARegulator(msg.sender);
        if (to == address(0)) revert ZeroAddress();
        uint256 amount = address(this).balance;
        emit FeesCollected(msg.sender, to, amount);
        Address.sendValue(to, amount);
    }

    /// @inheritdoc IJournal
    function proveOmission(Evidence calldata entry, HeadEvidence calldata head_) external {
        Faults.Exhibit memory one = _proven(entry);
        _requireSeal(head_.under);
        uint64 number = head_.under.number;
        if (number < entry.under.number) revert SealsOutOfOrder(entry.under.number, number);

        bytes32 key = one.entry.key;
        HeadsMap.Head memory end = head_.end;
        bool isPresent = end.count > 0 && end.key == key;
        bool proven = isPresent
            ? HeadsMap.present(end, head_.siblings, head_.under.heads)
            : HeadsMap.absent(key, end, head_.siblings, head_.under.heads);
        if (!proven) revert HeadNotProven(number, key);
        if (isPresent && !Faults.omitted(one, end)) revert NoFault(Fault.Omission);

        emit OmissionProven(Exhibit(entry.under.number, entry.index, entry.header), number, end);
        _end(Fault.Omission);
    }

    /// @inheritdoc IJournal
    function proveFork(Evidence[] calldata entries) external {
        (Faults.Exhibit memory first, Faults.Exhibit memory second) = _provenAll(entries);
        bool forked = entries.length == 1 ? Faults.forked(first) : Faults.forked(first, second);
        if (!forked) revert NoFault(Fault.Fork);
        emit ForkProven(_exhibits(entries));
        _end(Fault.Fork);
    }

    /// @inheritdoc IJournal
    function proveMisstep(Evidence[] calldata entries) external {
        (Faults.Exhibit memory first, Faults.Exhibit memory second) = _provenAll(entries);
        bool misstepped = entries.length == 1 ? Faults.misstepped(first) : Faults.misstepped(first, second);
        if (!misstepped) revert NoFault(Fault.Misstep);
        emit MisstepProven(_exhibits(entries));
        _end(Fault.Misstep);
    }

    /// @inheritdoc IJournal
    function proveBrokenPromise(
        Receipt calldata receipt,
        bytes calldata signature,
        Promised calldata promised,
        Found calldata found
    ) external {
        _requireReceipt(_digest(receipt), receipt, signature);
        bool kept = Rfc9162.included(promised.leaf, promised.place, promised.proof, receipt.count, receipt.leaves);
        if (!kept) revert NotPromised(promised.place, promised.leaf);

        _requireSeal(found.under);
        uint256 place = uint256(receipt.index) + promised.place;
        uint64 index = place > type(uint64).max ? type(uint64).max : uint64(place);
        _requireIncluded(found.leaf, index, found.proof, found.under.number, found.under.size, found.under.root);
        if (found.leaf == promised.leaf) revert NoFault(Fault.BrokenPromise);

        emit BrokenPromiseProven(receipt, signature, index, promised.leaf, found.under.number, found.leaf);
        _end(Fault.BrokenPromise);
    }

    /// @inheritdoc IJournal
    function proveLateness(
        Receipt calldata receipt,
        bytes calldata signature,
        Seal calldata uncovered,
        Seal calldata covering
    ) external {
        bytes32 digest = _digest(receipt);
        _requireReceipt(digest, receipt, signature);
        uint256 end = uint256(receipt.index) + receipt.count;
        bool late;
        if (covering.number == 0) {
            late = _state.size < end && block.timestamp > receipt.sealBy;
        } else {
            _requireSeal(covering);
            uint64 before = _predecessorSize;
            if (covering.number > 1) {
                _requireSeal(uncovered);
                if (uncovered.number + 1 != covering.number) revert SealsOutOfOrder(uncovered.number, covering.number);
                before = uncovered.size;
            }
            late = before < end && end <= covering.size && covering.sealedAt > receipt.sealBy;
        }
        if (!late) revert NoFault(Fault.Lateness);
        if (_late[digest]) revert AlreadyCounted(digest);

        _late[digest] = true;
        ++lateReceipts;
        emit LatenessProven(receipt, signature, covering.number);
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
    function publishVerifier(bytes32 hash) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (verifierSince[hash] != 0) revert VerifierKnown(hash);
        verifierSince[hash] = uint64(block.timestamp);
        emit VerifierPublished(hash);
    }

    /// @inheritdoc IJournal
    function head() external view returns (uint64 size, uint64 sealedAt, bytes32 root, bytes32 heads) {
        return (_state.size, _state.sealedAt, _root, _heads);
    }

    /// @inheritdoc IJournal
    function seals() external view returns (uint64) {
        return _state.number;
    }

    /// @inheritdoc IJournal
    function ended() external view returns (Fault) {
        return _state.ended;
    }

    /// @inheritdoc IJournal
    function appeals() external view returns (uint64 asked, uint64 answered) {
        return (_asked, _answered);
    }

    /// @inheritdoc IJournal
    function openAppeal(uint64 number) external view returns (bytes32 body, uint64 askedAt) {
        return (_appeals[number].body, _appeals[number].askedAt);
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
        return _verdict(_digest(receipt), receipt, signature);
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

    /// @dev Answers the oldest open appeals from a new seal's tree; when the oldest left was asked, 0 for none.
    function _answerAll(Answer[] calldata answers, uint64 sealNumber, uint64 size, bytes32 root)
        private
        returns (uint48 waitingSince)
    {
        uint64 number = _answered;
        for (uint256 i = 0; i < answers.length; ++i) {
            Answer calldata given = answers[i];
            _answerOne(++number, given.header, given.index, given.proof, sealNumber, size, root);
        }
        _answered = number;
        return uint48(_appeals[number + 1].askedAt);
    }

    /// @dev Takes an appeal off the queue.
    function _answerOne(
        uint64 number,
        bytes calldata header,
        uint64 index,
        bytes32[] calldata proof,
        uint64 sealNumber,
        uint64 size,
        bytes32 root
    ) private {
        if (_appeals[number].askedAt == 0) revert NoAppealOpen();
        bytes32 body = _appeals[number].body;
        bytes32 leaf = EntryHeader.leafHash(header);
        EntryHeader.Entry memory entry = EntryHeader.decode(header);
        bool answers = entry.kind == APPEAL_KIND && entry.key == APPEALS_KEY && entry.body == body;
        if (!answers) revert NotAnAnswer(number, body);
        _requireIncluded(leaf, index, proof, sealNumber, size, root);
        delete _appeals[number];
        emit Answered(number, body, sealNumber, index);
    }

    function _end(Fault fault) private {
        if (_state.ended != Fault.None) return;
        _state.ended = fault;
        emit Ended(fault);
    }

    function _provenAll(Evidence[] calldata entries)
        private
        view
        returns (Faults.Exhibit memory first, Faults.Exhibit memory second)
    {
        if (entries.length != 1 && entries.length != 2) revert OneOrTwoExpected(entries.length);
        first = _proven(entries[0]);
        if (entries.length == 2) second = _proven(entries[1]);
    }

    function _proven(Evidence calldata given) private view returns (Faults.Exhibit memory) {
        Seal calldata under = given.under;
        _requireSeal(under);
        bytes32 leaf = EntryHeader.leafHash(given.header);
        _requireIncluded(leaf, given.index, given.proof, under.number, under.size, under.root);
        return Faults.Exhibit(EntryHeader.decode(given.header), leaf, given.index);
    }

    function _requireSeal(Seal calldata given) private view {
        if (!_wasSealed(given)) revert NotASeal(address(this), given);
    }

    function _requireReceipt(bytes32 digest, Receipt calldata receipt, bytes calldata signature) private view {
        ReceiptVerdict verdict = _verdict(digest, receipt, signature);
        if (verdict != ReceiptVerdict.Valid) revert ReceiptInvalid(verdict);
    }

    function _verdict(bytes32 digest, Receipt calldata receipt, bytes calldata signature)
        private
        view
        returns (ReceiptVerdict)
    {
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (signer == address(0)) return ReceiptVerdict.BadSignature;
        if (!receiptKeyAt(signer, uint64(block.timestamp))) return ReceiptVerdict.UnknownKey;
        bool bounded = receipt.count > 0 && receipt.sealBy >= receipt.issuedAt
            && receipt.sealBy - receipt.issuedAt <= promiseBound;
        return bounded ? ReceiptVerdict.Valid : ReceiptVerdict.OutOfBounds;
    }

    function _digest(Receipt calldata receipt) private view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(RECEIPT, receipt)));
    }

    function _wasSealed(Seal calldata given) private view returns (bool) {
        return isSeal(given.number, given.size, given.root, given.heads, given.sealedAt);
    }

    /// @dev A function of its own: among the variables of `seal` the proof's would be in memory, and dearer.
    function _requireConsistent(
        uint64 current,
        bytes32 currentRoot,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) private pure {
        if (size <= current || size - current > GROWTH) revert SizeOutOfBounds(current, size);
        bool consistent = current == 0
            ? proof.length == 0
            : Rfc9162.consistent(current, currentRoot, size, root, proof);
        if (!consistent) revert NotConsistent(current, currentRoot, size, root);
    }

    function _exhibits(Evidence[] calldata entries) private pure returns (Exhibit[] memory exhibits) {
        exhibits = new Exhibit[](entries.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            exhibits[i] = Exhibit(entries[i].under.number, entries[i].index, entries[i].header);
        }
    }

    function _requireIncluded(
        bytes32 leaf,
        uint64 index,
        bytes32[] calldata proof,
        uint64 number,
        uint64 size,
        bytes32 root
    ) private pure {
        if (!Rfc9162.included(leaf, index, proof, size, root)) revert NotIncluded(number, index, leaf);
    }

    function _hash(uint64 number, uint64 size, bytes32 root, bytes32 heads, uint64 sealedAt)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(number, size, root, heads, sealedAt));
    }
}

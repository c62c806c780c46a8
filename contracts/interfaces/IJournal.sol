// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {EntryHeader} from "../libraries/EntryHeader.sol";
import {HeadsMap} from "../libraries/HeadsMap.sol";
import {IBatchRegistry} from "./IBatchRegistry.sol";
import {IMerchantRegistry} from "./IMerchantRegistry.sol";

/// @title The journal's seals
/// @notice A seal is a state of the journal: its size, the RFC 9162 root over its entries, the root of the heads map.
/// Each seal is proven to go on from the one before, so that the past cannot be rewritten, whoever holds the key.
/// What else an operator can do wrong, anyone proves here, against any seal ever made: lateness is counted, everything
/// else ends the journal. An author whose record is refused appeals here, and no seal goes on for long without answer.
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

    /// @notice A header at its index in a seal's tree, with the proof of it.
    struct Evidence {
        Seal under;
        bytes header;
        uint64 index;
        bytes32[] proof;
    }

    /// @notice What the path of a key ends at in a seal's heads map: its own head, else another's, or zeros.
    struct HeadEvidence {
        Seal under;
        HeadsMap.Head end;
        bytes32[] siblings;
    }

    /// @notice A receipt's leaf, the `place`th (from 0) of its run, with its proof in the receipt's `leaves`.
    struct Promised {
        uint64 place;
        bytes32 leaf;
        bytes32[] proof;
    }

    /// @notice The leaf that a seal's tree has instead, with its proof.
    struct Found {
        Seal under;
        bytes32 leaf;
        bytes32[] proof;
    }

    /// @notice The header of kind `appeal` that answers an appeal, at its index in the tree of a new seal.
    struct Answer {
        bytes header;
        uint64 index;
        bytes32[] proof;
    }

    /// @notice A header of which was proven that the seal of this number has it at this index.
    struct Exhibit {
        uint64 number;
        uint64 index;
        bytes header;
    }

    /// @notice What an operator can be proven to have done.
    enum Fault {
        None,
        Omission,
        Fork,
        Misstep,
        BrokenPromise,
        Lateness
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
    /// @notice The verifier's file with this SHA-256 is one of this journal's.
    event VerifierPublished(bytes32 indexed hash);

    /// @notice `exhibit` is in the journal, and the heads of seal `number` leave it out: the path of its key ends there
    /// at `end`.
    event OmissionProven(Exhibit exhibit, uint64 number, HeadsMap.Head end);
    /// @notice One entry, or two, that fork a stream.
    event ForkProven(Exhibit[] exhibits);
    /// @notice One entry, or two, of which the state, the version or the time does not follow.
    event MisstepProven(Exhibit[] exhibits);
    /// @notice The receipt promised `promised` at `index`, and the seal of this number has `found` there.
    event BrokenPromiseProven(
        Receipt receipt, bytes signature, uint64 index, bytes32 promised, uint64 number, bytes32 found
    );
    /// @notice The seal of this number was the first to keep the receipt's promise, too late; 0: none has yet.
    event LatenessProven(Receipt receipt, bytes signature, uint64 number);
    /// @notice There is no seal after this.
    event Ended(Fault indexed fault);
    /// @notice An appeal; numbers run from 1.
    event Appealed(uint64 indexed number, address indexed by, bytes body);
    /// @notice The appeal's body, by its SHA-256, is in the journal at `index`, under the seal numbered `sealNumber`.
    event Answered(uint64 indexed number, bytes32 body, uint64 sealNumber, uint64 index);
    /// @notice The fees of appeals so far went to `to`.
    event FeesCollected(address indexed by, address indexed to, uint256 amount);

    /// @notice `size` is not at least 1 and at most 2^24 above `current`.
    error SizeOutOfBounds(uint64 current, uint64 size);
    /// @notice The proof does not lead from the current state to the new one.
    error NotConsistent(uint64 oldSize, bytes32 oldRoot, uint64 newSize, bytes32 newRoot);
    /// @notice The journal did not make this seal; or there is no predecessor, and its seal is not all zeros.
    error NotASeal(address journal, Seal given);
    /// @notice The journal was ended by this fault.
    error JournalEnded(Fault fault);
    /// @notice The proof does not lead from the leaf at `index` to the root of the seal of this number.
    error NotIncluded(uint64 number, uint64 index, bytes32 leaf);
    /// @notice The proof does not lead from the end of the key's path to the heads of the seal of this number.
    error HeadNotProven(uint64 number, bytes32 key);
    /// @notice The proof does not lead from the leaf to the receipt's `leaves`.
    error NotPromised(uint64 place, bytes32 leaf);
    /// @notice Seal `second` is not the same as, or does not come after (or right after) seal `first`.
    error SealsOutOfOrder(uint64 first, uint64 second);
    /// @notice A fork or a misstep takes one entry or two.
    error OneOrTwoExpected(uint256 given);
    /// @notice The receipt does not count.
    error ReceiptInvalid(ReceiptVerdict verdict);
    /// @notice What was proven is no fault of this kind.
    error NoFault(Fault fault);
    /// @notice The receipt with this EIP-712 digest is counted as late.
    error AlreadyCounted(bytes32 digest);
    /// @notice An appeal costs this fee to the wei.
    error FeeDiffers(uint256 fee, uint256 given);
    /// @notice An appeal's body is longer than `most`.
    error BodyTooLong(uint256 most, uint256 given);
    /// @notice No appeal is open.
    error NoAppealOpen();
    /// @notice The header has not the kind, the key and the body hash that the appeal of this number asks for.
    error NotAnAnswer(uint64 number, bytes32 body);
    /// @notice The appeal of this number, asked at a time, is overdue: no seal without an answer.
    error AppealOverdue(uint64 number, uint64 askedAt);
    /// @notice `sender` does not regulate.
    error NotARegulator(address sender);
    /// @notice `key` signs receipts, or does not, as it is to.
    error ReceiptKeyUnchanged(address key, bool signs);
    /// @notice The zero address signs nothing.
    error ZeroAddress();
    /// @notice The file with this SHA-256 is published.
    error VerifierKnown(bytes32 hash);

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

    /// @notice How long an appeal may be open before no seal is taken without its answer, in seconds.
    function gracePeriod() external view returns (uint64);

    /// @notice What an appeal costs, in wei.
    function appealFee() external view returns (uint256);

    /// @notice Put the journal's newest state on-chain. SEALER_ROLE.
    /// @param consistency RFC 9162 proof from the current size to `size`; empty where the current size is 0
    /// @param answers in the new tree, to the oldest open appeals, in their order: none or more. While an appeal is
    /// older than `gracePeriod`, to all that are, or to 32.
    /// @dev Reverts with JournalEnded, SizeOutOfBounds, NotConsistent, NoAppealOpen, NotAnAnswer, NotIncluded or
    /// AppealOverdue.
    function seal(
        uint64 size,
        bytes32 root,
        bytes32 heads,
        bytes32[] calldata consistency,
        Answer[] calldata answers
    ) external;

    /// @notice Ask, past the operator, for the record in `body`: at most 4,096 bytes, of kind `appeal`.
    /// @dev Reverts with JournalEnded, FeeDiffers or BodyTooLong.
    function appeal(bytes calldata body) external payable;

    /// @notice Answer the oldest open appeal by its inclusion in any seal. Anyone.
    /// @dev Reverts with NotASeal, NoAppealOpen, NotAnAnswer or NotIncluded.
    function answer(Evidence calldata given) external;

    /// @notice Send the fees so far to `to`. The merchants' REGULATOR_ROLE: were it the operator, it could fill the
    /// queue with appeals of its own and have its money back, or earn by refusing records.
    /// @dev Reverts with NotARegulator or ZeroAddress.
    function collectFees(address payable to) external;

    /// @notice How many appeals there were, and how many of them are answered: the oldest.
    function appeals() external view returns (uint64 asked, uint64 answered);

    /// @notice An open appeal: the SHA-256 of its body, and when it was asked; zeros where it is answered or none.
    function openAppeal(uint64 number) external view returns (bytes32 body, uint64 askedAt);

    /// @notice Prove that an entry in one seal's tree is left out by the heads of the same or a later seal: they have
    /// nothing for its key, or count no further than to it, or have another leaf at its place. Ends the journal.
    /// @dev Reverts with NotASeal, NotIncluded, SealsOutOfOrder, HeadNotProven or NoFault.
    function proveOmission(Evidence calldata entry, HeadEvidence calldata head) external;

    /// @notice Prove two different entries of one key and `seq`; or one and the next of its stream that names another
    /// as the one before it; or a single one of `seq` 0 that names one before it. Each against a seal of its own, since
    /// every seal holds what those before it hold. Ends the journal.
    /// @dev Reverts with OneOrTwoExpected, NotASeal, NotIncluded or NoFault.
    function proveFork(Evidence[] calldata entries) external;

    /// @notice Prove an entry and the next of its stream, whose state does not follow; or one and another further on
    /// that was accepted earlier; or a single one whose version is not 1, or of `seq` 0 whose state does not follow
    /// from zeros. Each against a seal of its own. Ends the journal.
    /// @dev Reverts with OneOrTwoExpected, NotASeal, NotIncluded or NoFault.
    function proveMisstep(Evidence[] calldata entries) external;

    /// @notice Prove a leaf that a receipt promised, and another in its place in a seal. Ends the journal.
    /// @dev Reverts with ReceiptInvalid, NotPromised, NotASeal, NotIncluded or NoFault.
    function proveBrokenPromise(
        Receipt calldata receipt,
        bytes calldata signature,
        Promised calldata promised,
        Found calldata found
    ) external;

    /// @notice Prove that the first seal to cover a receipt's run, `covering`, came after `sealBy`; or, where
    /// `covering.number` is 0, that no seal covers it and `sealBy` is past. Counted once for each receipt.
    /// @param uncovered the seal before it; read only where there is one
    /// @dev Reverts with ReceiptInvalid, NotASeal, SealsOutOfOrder, NoFault or AlreadyCounted.
    function proveLateness(
        Receipt calldata receipt,
        bytes calldata signature,
        Seal calldata uncovered,
        Seal calldata covering
    ) external;

    /// @notice The fault that ended the journal; None while it goes on.
    function ended() external view returns (Fault);

    /// @notice How many receipts were proven late.
    function lateReceipts() external view returns (uint64);

    /// @notice Let `key` sign receipts, or no more. DEFAULT_ADMIN_ROLE.
    /// @dev Reverts with ZeroAddress or ReceiptKeyUnchanged.
    function setReceiptKey(address key, bool signs) external;

    /// @notice Put the SHA-256 of a verifier's file (`verify.html`) on-chain, for ever, so that whoever has a copy can
    /// tell that it is what the journal's operator published. DEFAULT_ADMIN_ROLE.
    /// @dev Reverts with VerifierKnown.
    function publishVerifier(bytes32 hash) external;

    /// @notice Since when the verifier's file with this SHA-256 is published; 0: it is not.
    function verifierSince(bytes32 hash) external view returns (uint64);

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

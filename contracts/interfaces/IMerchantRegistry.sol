// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

/// @title Who may write, with which key, and since when
/// @notice A merchant, partner, operator or regulator is known for ever by the address under which it was admitted;
/// that address is also its first key. Keys and standings are kept with the times from which they held, so that a
/// statement is judged as of when it was accepted. Times are seconds since 1970 UTC.
interface IMerchantRegistry is IAccessControl {
    /// @notice Admitted and warned may write.
    enum Standing {
        Unknown,
        Admitted,
        Warned,
        Suspended,
        Expelled
    }

    enum Role {
        None,
        Merchant,
        Partner,
        Operator,
        Regulator
    }

    /// @notice What an author signs: EIP-712, domain `Suyuan` version `1`, this registry the verifying contract.
    /// @dev `subject` is empty for a checkpoint. `content` is the hash of the public part of the entry's body.
    struct Statement {
        string kind;
        string subject;
        bytes32 content;
        uint64 issuedAt;
        bytes32 nonce;
    }

    /// @notice That `by` made this statement, accepted `at`; `signature` is 65 bytes r || s || v with a low s.
    struct Claim {
        address by;
        uint64 at;
        Statement statement;
        bytes signature;
    }

    /// @notice What `check` finds, the first that applies in the order UnknownSigner (`by` had not been admitted),
    /// BadSignature (not by the key that `by` had), NoStanding (it was not allowed to write), IssuedLate (more than
    /// ten minutes after it was accepted).
    enum Verdict {
        Valid,
        UnknownSigner,
        BadSignature,
        NoStanding,
        IssuedLate
    }

    /// @notice `id` was admitted with standing Admitted, and with itself as its key.
    event Admitted(address indexed id, Role role, bytes32 licence, string[] categories);
    /// @notice The standing of `id` is `standing` from now on.
    event StandingChanged(address indexed id, Standing standing, bytes32 reason);
    /// @notice `id` signs with `key` from now on.
    event KeyRotated(address indexed id, address key);

    /// @notice The zero address is no id and no key.
    error ZeroAddress();
    /// @notice `None` is no role to be admitted in.
    error RoleMissing(address id);
    /// @notice `key` is or was a key of `id`. A key serves one id, once.
    error KeyTaken(address key, address id);
    /// @notice Nobody was admitted as `id`.
    error NotAdmitted(address id);
    /// @notice `Unknown` is no standing to be given.
    error StandingMissing(address id);
    /// @notice `sender` neither admits nor holds the current key of `id`.
    error NotAllowedToRotate(address id, address sender);

    /// @notice The role that admits and replaces keys.
    // solhint-disable-next-line func-name-mixedcase
    function ADMISSIONS_ROLE() external view returns (bytes32);

    /// @notice The role that changes standings. Only its own holders give it, so that who admits cannot take it.
    // solhint-disable-next-line func-name-mixedcase
    function REGULATOR_ROLE() external view returns (bytes32);

    /// @notice Judge many statements in one call, a verdict each, in their order. Never reverts on their content.
    function check(Claim[] calldata claims) external view returns (Verdict[] memory);

    /// @notice Admit `id`. ADMISSIONS_ROLE.
    /// @param licence hash of the licence document
    /// @param categories what it may deal in, as the regulator names it
    /// @dev Reverts with ZeroAddress, RoleMissing or KeyTaken (also where `id` was admitted before).
    function admit(address id, Role role, bytes32 licence, string[] calldata categories) external;

    /// @notice Change the standing of `id`. REGULATOR_ROLE.
    /// @param reason hash of the decision
    /// @dev Reverts with NotAdmitted or StandingMissing.
    function setStanding(address id, Standing standing, bytes32 reason) external;

    /// @notice Let `id` sign with `key` from now on. ADMISSIONS_ROLE, or the current key itself.
    /// @dev Reverts with NotAdmitted, NotAllowedToRotate, ZeroAddress or KeyTaken.
    function rotateKey(address id, address key) external;

    /// @notice The key of `id` at a time; zero before it was admitted.
    function keyAt(address id, uint64 at) external view returns (address);

    /// @notice The standing of `id` at a time; Unknown before it was admitted.
    function standingAt(address id, uint64 at) external view returns (Standing);

    /// @notice What `id` is now; zeros where nobody was admitted under it.
    function merchant(address id)
        external
        view
        returns (Role role, Standing standing, address key, bytes32 licence, uint64 admittedAt);
}

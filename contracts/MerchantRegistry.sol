// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IMerchantRegistry} from "./interfaces/IMerchantRegistry.sol";

/// @title Registry of merchants, partners, operators and regulators
/// @notice See {IMerchantRegistry}.
contract MerchantRegistry is IMerchantRegistry, AccessControl, EIP712 {
    using Checkpoints for Checkpoints.Trace160;

    struct Record {
        Role role;
        uint64 admittedAt;
        bytes32 licence;
        Checkpoints.Trace160 keys;
        Checkpoints.Trace160 standings;
    }

    /// @inheritdoc IMerchantRegistry
    bytes32 public constant ADMISSIONS_ROLE = keccak256("ADMISSIONS_ROLE");
    /// @inheritdoc IMerchantRegistry
    bytes32 public constant REGULATOR_ROLE = keccak256("REGULATOR_ROLE");

    bytes32 private constant STATEMENT =
        keccak256("Statement(string kind,string subject,bytes32 content,uint64 issuedAt,bytes32 nonce)");
    /// @dev How far the signer's clock may be ahead, in seconds.
    uint256 private constant CLOCK_TOLERANCE = 10 minutes;

    mapping(address id => Record record) private _records;
    /// @dev A statement does not name its author. Were a key to serve two ids, or to pass from one to another, the
    /// one could put the other's statements down as its own.
    mapping(address key => address id) private _owners;

    /// @param admin grants ADMISSIONS_ROLE
    /// @param regulator the first to hold REGULATOR_ROLE
    constructor(address admin, address regulator) EIP712("Suyuan", "1") {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _setRoleAdmin(REGULATOR_ROLE, REGULATOR_ROLE);
        _grantRole(REGULATOR_ROLE, regulator);
    }

    /// @inheritdoc IMerchantRegistry
    function admit(address id, Role role, bytes32 licence, string[] calldata categories)
        external
        onlyRole(ADMISSIONS_ROLE)
    {
        if (role == Role.None) revert RoleMissing(id);
        Record storage record = _records[id];
        record.role = role;
        record.admittedAt = uint64(block.timestamp);
        record.licence = licence;
        _setKey(id, id);
        _setStanding(id, Standing.Admitted);
        emit Admitted(id, role, licence, categories);
    }

    /// @inheritdoc IMerchantRegistry
    function setStanding(address id, Standing standing, bytes32 reason) external onlyRole(REGULATOR_ROLE) {
        if (_records[id].role == Role.None) revert NotAdmitted(id);
        if (standing == Standing.Unknown) revert StandingMissing(id);
        _setStanding(id, standing);
        emit StandingChanged(id, standing, reason);
    }

    /// @inheritdoc IMerchantRegistry
    function rotateKey(address id, address key) external {
        Record storage record = _records[id];
        if (record.role == Role.None) revert NotAdmitted(id);
        if (!hasRole(ADMISSIONS_ROLE, msg.sender) && msg.sender != address(record.keys.latest())) {
            revert NotAllowedToRotate(id, msg.sender);
        }
        _setKey(id, key);
        emit KeyRotated(id, key);
    }

    /// @inheritdoc IMerchantRegistry
    function check(Claim[] calldata claims) external view returns (Verdict[] memory verdicts) {
        verdicts = new Verdict[](claims.length);
        for (uint256 i = 0; i < claims.length; ++i) {
            verdicts[i] = _judge(claims[i]);
        }
    }

    /// @inheritdoc IMerchantRegistry
    function merchant(address id)
        external
        view
        returns (Role role, Standing standing, address key, bytes32 licence, uint64 admittedAt)
    {
        Record storage record = _records[id];
        return (
            record.role,
            Standing(record.standings.latest()),
            address(record.keys.latest()),
            record.licence,
            record.admittedAt
        );
    }

    /// @inheritdoc IMerchantRegistry
    function keyAt(address id, uint64 at) public view returns (address) {
        return address(_records[id].keys.upperLookupRecent(at));
    }

    /// @inheritdoc IMerchantRegistry
    function standingAt(address id, uint64 at) public view returns (Standing) {
        return Standing(_records[id].standings.upperLookupRecent(at));
    }

    function _judge(Claim calldata claim) private view returns (Verdict) {
        address key = keyAt(claim.by, claim.at);
        if (key == address(0)) return Verdict.UnknownSigner;

        (address signer,,) = ECDSA.tryRecoverCalldata(_digest(claim.statement), claim.signature);
        if (signer != key) return Verdict.BadSignature;

        Standing standing = standingAt(claim.by, claim.at);
        if (standing != Standing.Admitted && standing != Standing.Warned) return Verdict.NoStanding;

        if (claim.statement.issuedAt > claim.at + CLOCK_TOLERANCE) return Verdict.IssuedLate;
        return Verdict.Valid;
    }

    function _digest(Statement calldata statement) private view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    STATEMENT,
                    keccak256(bytes(statement.kind)),
                    keccak256(bytes(statement.subject)),
                    statement.content,
                    statement.issuedAt,
                    statement.nonce
                )
            )
        );
    }

    function _setKey(address id, address key) private {
        if (key == address(0)) revert ZeroAddress();
        if (_owners[key] != address(0)) revert KeyTaken(key, _owners[key]);
        _owners[key] = id;
        _records[id].keys.push(uint96(block.timestamp), uint160(key));
    }

    function _setStanding(address id, Standing standing) private {
        _records[id].standings.push(uint96(block.timestamp), uint160(standing));
    }
}

"""EPCIS 2.0 and CBV 2.0: events, their hashes, the identifiers in them and the subjects they name."""

from suyuan.core.epcis.event_hash import (
    document_hashes,
    document_prehashes,
    event_hash,
    prehash,
)
from suyuan.core.epcis.identifiers import Identifier, canonical_uri, identify, subject_of
from suyuan.core.epcis.model import (
    STATEMENT,
    BizTransaction,
    Destination,
    ErrorDeclaration,
    Event,
    PersistentDisposition,
    Place,
    Quantity,
    SensorElement,
    SensorMetadata,
    SensorReport,
    Source,
    document_of,
    parse_document,
    parse_event,
    subjects_named,
)

__all__ = [
    "STATEMENT",
    "BizTransaction",
    "Destination",
    "ErrorDeclaration",
    "Event",
    "Identifier",
    "PersistentDisposition",
    "Place",
    "Quantity",
    "SensorElement",
    "SensorMetadata",
    "SensorReport",
    "Source",
    "canonical_uri",
    "document_hashes",
    "document_of",
    "document_prehashes",
    "event_hash",
    "identify",
    "parse_document",
    "parse_event",
    "prehash",
    "subject_of",
    "subjects_named",
]

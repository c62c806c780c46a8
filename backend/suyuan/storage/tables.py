"""The tables. Hashes and keys are 32 bytes; `at`, `event_time` are milliseconds since 1970 UTC, other times seconds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

# One row: what the next entry needs, and what every append locks.
journal = Table(
    "journal",
    metadata,
    Column("one", SmallInteger, CheckConstraint("one = 1", name="journal_one"), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# An accepted statement: its body, its document, its receipt, and the run of entries that it became.
records = Table(
    "records",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("document_hash", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("leaves", LargeBinary, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("seal_by", BigInteger, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    # of an EPCIS event only
    Column("event", LargeBinary),
    Column("event_id", Text),
    Column("corrects", LargeBinary),
    Column("parent", Text),
    Column("event_type", Text),
    Column("action", Text),
    Column("event_time", BigInteger),
    Column("biz_step", Text),
    Column("disposition", Text),
    Column("read_point", Text),
    Column("biz_location", Text),
    Index("records_nonce", "by", "nonce", unique=True),
    Index("records_document", "document_hash"),
)
Index("records_event", records.c.event, unique=True, postgresql_where=records.c.corrects.is_(None))
Index("records_correction", records.c.event, records.c.document_hash, unique=True)
Index("records_event_id", records.c.event_id, postgresql_where=records.c.event_id.isnot(None))
Index("records_event_time", records.c.event_time, postgresql_where=records.c.event_time.isnot(None))

entries = Table(
    "entries",
    metadata,
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("run", BigInteger, nullable=False),
    Index("entries_stream", "key", "seq", unique=True),
)

# A seal is written down before it is sent. `state`: prepared, sent, sealed.
seals = Table(
    "seals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("heads", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("raw", LargeBinary),
    Column("tx", LargeBinary),
    Column("nonce", BigInteger),
    Column("fee", BigInteger),
    Column("block", BigInteger),
    Column("sealed_at", BigInteger),
)

# C2SP tiles of the sealed journal's tree.
tiles = Table(
    "tiles",
    metadata,
    Column("level", SmallInteger, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

# The sealed heads map. `seal`: the number of the seal that changed the bucket last.
buckets = Table(
    "buckets",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("records", LargeBinary, nullable=False),
    Column("keys", SmallInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("seal", BigInteger, nullable=False),
    Index("buckets_seal", "seal"),
)

batches = Table(
    "batches",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("items_root", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("registered_at", BigInteger, nullable=False, server_default="0"),
    Column("recalled_at", BigInteger, nullable=False, server_default="0"),
)

items = Table(
    "items",
    metadata,
    Column("item", LargeBinary, primary_key=True),  # key of the item's subject
    Column("batch", LargeBinary, nullable=False),
    Column("place", Integer, nullable=False),
    Column("serial", Text, nullable=False),
    Column("code", LargeBinary, nullable=False),
    Index("items_batch", "batch", "place", unique=True),
)

# Transactions other than seals, written down before they are sent. `state`: waiting, sent, done, refused.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("action", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("raw", LargeBinary),
    Column("tx", LargeBinary),
    Column("nonce", BigInteger),
    Column("fee", BigInteger),
    Column("reason", Text),
    Index("outbox_open", "state", postgresql_where=text("state IN ('waiting', 'sent')")),
)

# The MerchantRegistry as its events tell it, so that reads and captures need no chain.
participants = Table(
    "participants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("role", SmallInteger, nullable=False),
    Column("licence", LargeBinary, nullable=False),
    Column("standings", JSONB, nullable=False),  # [[from, standing], …]
    Column("keys", JSONB, nullable=False),  # [[from, address], …]
)

# How far the chain's events have been read.
cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("block", BigInteger, nullable=False),
    Column("read_at", BigInteger, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Column("result", JSONB, nullable=False),
)

"""The tables. Hashes and keys are 32 bytes; `at`, `event_time` are milliseconds since 1970 UTC, other times seconds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
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
    # how many seals the journals have that the one goes on from which takes what is appended now
    Column("before", BigInteger, nullable=False, server_default="0"),
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
    Column("document_hash", LargeBinary, nullable=False),  # empty for a kind that names no public document
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

# A seal is written down before it is sent. `state`: prepared, sent, sealed. `number` counts the seals of all journals
# that go on from one another; `before` of them are of journals before this one's, which counts its own from 1.
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
    # of the transaction that sealed it, once its receipt was read: gas, and wei paid for it
    Column("gas", BigInteger),
    Column("paid", Numeric(78, 0)),
    Column("before", BigInteger, nullable=False, server_default="0"),
)
Index("seals_costs", seals.c.number, postgresql_include=["size", "sealed_at", "gas", "paid"])
Index("seals_unread", seals.c.number, postgresql_where=(seals.c.state == "sealed") & seals.c.gas.is_(None))

# Sealed entries by their headers' kind and arg, and by the seconds from acceptance to the first seal that had them
# (whole minutes beyond an hour), so that nobody counts a journal for a page. How far they go: cursor `counted`.
entry_counts = Table(
    "entry_counts",
    metadata,
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("arg", SmallInteger, primary_key=True, autoincrement=False),
    Column("entries", BigInteger, nullable=False),
)

entry_waits = Table(
    "entry_waits",
    metadata,
    Column("seconds", BigInteger, primary_key=True, autoincrement=False),
    Column("entries", BigInteger, nullable=False),
)

# Summaries of audits that were handed in, one for each address and day: `public` in canonical JSON, and what signs it.
audits = Table(
    "audits",
    metadata,
    Column("by", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("audited_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Index("audits_newest", "audited_at"),
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
    # how much of it was delivered, how many of its items were claimed, how many rights it gave
    Column("delivered", BigInteger, nullable=False, server_default="0"),
    Column("claimed", BigInteger, nullable=False, server_default="0"),
    Column("granted", BigInteger, nullable=False, server_default="0"),
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

# What witnesses signed of the sealed journal's tree heads. `witness`: its key, as C2SP writes it; `line`: of a note.
cosignatures = Table(
    "cosignatures",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("witness", Text, primary_key=True),
    Column("line", Text, nullable=False),
    Column("at", BigInteger, nullable=False),  # when, by its own clock, in seconds
)

# -- orders and reviews. What is personal is encrypted with its buyer's key; erasing destroys that key.

shops = Table(
    "shops",
    metadata,
    Column("id", Text, primary_key=True),
    Column("merchant", Text, nullable=False),  # the participant who answers for it
    Column("secret", LargeBinary, nullable=False),  # of its HMAC, wrapped
)

# A shop's messages, so that each counts once. `answer`: what was answered.
messages = Table(
    "messages",
    metadata,
    Column("shop", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("answer", JSONB, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# `reference`: keyed hash of the shop's name for the buyer; `key`: wrapped, NULL once it was destroyed.
buyers = Table(
    "buyers",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("shop", Text),
    Column("reference", LargeBinary),
    Column("key", LargeBinary),
    Column("erased_at", BigInteger),
    Index("buyers_reference", "shop", "reference", unique=True),
)

# `reference`: keyed hash of the shop's order number. `content`: what `private` commits to, encrypted.
orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop", Text, nullable=False),
    Column("reference", LargeBinary, nullable=False),
    Column("buyer", BigInteger, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("content", LargeBinary),
    Index("orders_reference", "shop", "reference", unique=True),
    Index("orders_buyer", "buyer"),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order", Text, primary_key=True),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("batch", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("parcel", Text),  # NULL: not shipped
)

# The items of a line, where it is serialised: one item is in one order.
order_items = Table(
    "order_items",
    metadata,
    Column("item", LargeBinary, primary_key=True),
    Column("order", Text, nullable=False),
    Column("line", SmallInteger, nullable=False),
    Index("order_items_order", "order", "line"),
)

parcels = Table(
    "parcels",
    metadata,
    Column("sscc", Text, primary_key=True),
    Column("order", Text, nullable=False),
    Column("shipped_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Index("parcels_order", "order"),
)

# `order` or `item`: what the right comes from. `issued`: index of the entry that published it; NULL: it waits.
rights = Table(
    "rights",
    metadata,
    Column("right", LargeBinary, primary_key=True),
    Column("batch", Text, nullable=False),
    Column("buyer", BigInteger, nullable=False),
    Column("order", Text),
    Column("item", LargeBinary),
    Column("granted_at", BigInteger, nullable=False),
    Column("issued", BigInteger),
    Column("claimed", BigInteger),  # index of the claim
    Column("by", Text),  # the key that it is bound to
    Index("rights_buyer", "buyer"),
)
Index("rights_waiting", rights.c.granted_at, postgresql_where=rights.c.issued.is_(None))
Index("rights_key", rights.c.by, unique=True, postgresql_where=rights.c.by.isnot(None))
Index("rights_item", rights.c.item, unique=True, postgresql_where=rights.c.item.isnot(None))

# An item's first claim. `index`: of the entry in the item's stream.
claims = Table(
    "claims",
    metadata,
    Column("item", LargeBinary, primary_key=True),
    Column("index", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# What the journal says of each review, to answer without replaying it; and its words, encrypted.
reviews = Table(
    "reviews",
    metadata,
    Column("right", LargeBinary, primary_key=True),
    Column("product", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("buyer", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("stars", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("withheld", Text, nullable=False),
    Column("content_state", Text, nullable=False),
    Column("reply_state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),  # index of the review
    Column("newest", BigInteger, nullable=False),  # index of what changed it last
    Column("hold", BigInteger),  # index of the entry that withholds it
    Column("private", LargeBinary, nullable=False),  # hash of the content that counts
    Column("content", LargeBinary),
    Column("reply", LargeBinary),
    Index("reviews_product", "product", "first"),
    Index("reviews_buyer", "buyer"),
)
Index("reviews_withheld", reviews.c.product, reviews.c.hold, postgresql_where=reviews.c.withheld != "")

photos = Table(
    "photos",
    metadata,
    Column("hash", LargeBinary, primary_key=True),  # of the bytes that are served
    Column("right", LargeBinary, primary_key=True),
    Column("type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("photos_right", "right"),
)

# Appeals as far as the chain's events have been read. `body`: SHA-256 of it; `index`: of the entry that holds it;
# `answered`: number of the seal against which it was answered, NULL while it is open.
appeals = Table(
    "appeals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("by", Text, nullable=False),  # who paid for it
    Column("body", LargeBinary, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("tx", LargeBinary, nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("answered", BigInteger),
)
Index("appeals_open", appeals.c.number, postgresql_where=appeals.c.answered.is_(None))

# Where an item's code was scanned, as coarsely as a city, for an hour.
scans = Table(
    "scans",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("item", LargeBinary, nullable=False),
    Column("city", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("scans_item", "item", "at"),
    Index("scans_at", "at"),
)

# Items whose code was seen in two cities within an hour.
copies = Table(
    "copies",
    metadata,
    Column("item", LargeBinary, primary_key=True),
    Column("seen_at", BigInteger, nullable=False),
    Column("cities", JSONB, nullable=False),
)

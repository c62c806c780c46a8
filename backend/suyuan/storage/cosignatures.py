"""What witnesses signed of the sealed journal's tree heads: a line of a note for each size and witness.

A journal has one root and one heads map at a size, so that a size says which tree head it was.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

COSIGNER_LOCK = 0x5379_0003


def of_size(connection: Connection, size: int) -> dict[str, str]:
    """The lines for the tree head of a size, by witness (its key, as C2SP writes it)."""
    query = text("SELECT witness, line FROM cosignatures WHERE size = :size ORDER BY witness")
    return {row.witness: row.line for row in connection.execute(query, {"size": size})}


def newest_size(connection: Connection, witness: str) -> int:
    """The largest size that a witness signed; 0: none."""
    found = connection.scalar(text("SELECT max(size) FROM cosignatures WHERE witness = :witness"), {"witness": witness})
    return int(found or 0)


def put(connection: Connection, size: int, witness: str, line: str, at: int) -> None:
    """Keeps a line that holds, in place of an earlier one. `at`: the second that it gives."""
    connection.execute(
        text(
            "INSERT INTO cosignatures (size, witness, line, at) VALUES (:size, :witness, :line, :at)"
            " ON CONFLICT (size, witness) DO UPDATE SET line = excluded.line, at = excluded.at"
        ),
        {"size": size, "witness": witness, "line": line, "at": at},
    )


def forget(connection: Connection) -> None:
    """Forgets all of them: they are of another journal's log."""
    connection.execute(text("DELETE FROM cosignatures"))

"""Bytes and rules (docs/protocol.md): no IO, no clock, no settings."""

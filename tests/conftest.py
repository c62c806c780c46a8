"""Fixtures that every folder may ask for."""

pytest_plugins = ["live"]

"""Suyuan (溯源): provenance and reviews that no reader has to trust the writer of."""

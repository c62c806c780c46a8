"""PostgreSQL: the journal's entries as they were accepted, and what is derived from them."""

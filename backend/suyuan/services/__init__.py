"""One file a verb: what the doors can have done."""

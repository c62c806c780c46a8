"""The command line: one line or JSON out, an exit code, and one sentence where something is wrong."""

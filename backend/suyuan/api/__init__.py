"""The JSON door: parse, call one service, render."""

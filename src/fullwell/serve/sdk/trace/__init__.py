"""Trace and replay: what a program asks of a libqhyccd, kept call by call, and asked again of a twin.

``source/trace.c`` and `generate` make a library that stands before the real one in the program's process;
`recording` runs a program with it; `calls` reads what it wrote, `listing` shows it; `replay` makes the same calls
again by `caller` and compares the answers by `rules`.
"""

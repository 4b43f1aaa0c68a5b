"""Keep frames: files that lose nothing."""

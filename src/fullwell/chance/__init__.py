"""The only source of randomness: counter-based numbers, so that any frame can be drawn again alone."""

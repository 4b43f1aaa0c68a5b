"""The virtual far end of the cable."""

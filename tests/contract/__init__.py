"""One suite that every device at the far end of the cable passes."""

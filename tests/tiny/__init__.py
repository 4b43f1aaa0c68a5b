"""A camera small enough to test with: facts of a 96 x 64 sensor, and a device that obeys the protocol."""

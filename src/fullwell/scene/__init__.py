"""What light falls on the sensor, row interval by row interval."""

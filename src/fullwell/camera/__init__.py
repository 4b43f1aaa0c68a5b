"""Device protocol, control table, frame, engine."""

"""Find and open cameras; the only place that picks a backend."""

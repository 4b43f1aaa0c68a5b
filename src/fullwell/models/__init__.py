"""Facts of each camera: data files, their loader, frozen dataclasses. No behaviour."""

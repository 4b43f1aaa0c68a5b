"""The command fullwell."""

from dropin.rig import engine, library

__all__ = ["engine", "library"]

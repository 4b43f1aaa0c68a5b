from dropin.rig import engine, library, real

__all__ = ["engine", "library", "real"]

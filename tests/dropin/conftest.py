from dropin.rig import engine, library, oracle

__all__ = ["engine", "library", "oracle"]

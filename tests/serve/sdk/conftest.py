from dropin.rig import engine, library, oracle, tracer

__all__ = ["engine", "library", "oracle", "tracer"]

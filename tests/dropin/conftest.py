from dropin.rig import engine, fresh_engine, library, oracle, tracer

__all__ = ["engine", "fresh_engine", "library", "oracle", "tracer"]

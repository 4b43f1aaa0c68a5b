"""A camera whose pixels are known in advance."""

"""From photons to electrons in the pixel, as pure functions."""

"""Know the camera: photon transfer, noise, linearity."""

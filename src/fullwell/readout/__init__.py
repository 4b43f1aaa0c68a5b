"""From electrons to numbers and time: gain, noise, ADC, binning, row timing."""

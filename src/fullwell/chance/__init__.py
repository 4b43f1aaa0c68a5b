"""The only source of randomness: counter-based numbers, so that any frame can be drawn again alone.

`keys` turns seeds, names and counters into 64-bit keys; `words` turns a key and a pixel into 32 random bits;
`deviates` turns random bits into uniform, normal and Poisson numbers, plainly (numpy, float64) and fast
(numba, float32); `sparse` picks rare pixels of a row without looking at the others.
"""

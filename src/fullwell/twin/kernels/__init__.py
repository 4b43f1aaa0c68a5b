"""Loops over a block of pixels: each does one step of the physics for the columns of one block of a row.

Every loop has a length that the compiler knows and works in one array (`workbench`), so that whole vectors go at
a time, nothing is checked before it starts, and all stays in the first-level cache. A loop is as long as a
processor can look ahead, some hundred operations: shorter ones load and store more than they compute, in longer
ones results wait for each other. The formulae are those of `fullwell.sensor` and `fullwell.readout`; all rounding
is spelt out (`multiply_add`), so that a pixel comes out the same in whichever loop. Why it is built so:
docs/decisions/0013-fast-loops.md.

`workbench`: where the numbers of a block lie; `loops`: how kernels are compiled, and the simplest of them;
`pixels`: what is fixed in the pixels, and their expected electrons; `noise`: what chance adds; `words`: from
electrons to the words of the frame; `rows`: all of it, block by block.
"""

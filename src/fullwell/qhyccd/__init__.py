"""The real far end of the cable: the vendor's library, in a child process for each camera.

`library` finds and types the C functions, `commands` does with them what the cable asks for, `child` is the
process they live in, `worker` watches that process, `mapping` turns windows and modes into the vendor's, `knobs`
controls, `triggers` and `waiting` what exposures wait for, `burst` bursts; `device` is the near side of it all.
`bus` tells what is on the USB when the library finds nothing.

Out of reach, because the library has no call for it, or none whose meaning is known: levels of output pins, what
an SMA output carries, modes of the GPIO socket that it does not list, the position of the LED pulse, edges at the
trigger input, telegraph suppression, an early end of an exposure with its frame, hardware frame numbers.
"""

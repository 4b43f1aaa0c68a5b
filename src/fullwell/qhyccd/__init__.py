"""The real far end of the cable: the vendor's library, in a child process for each camera.

`library` finds and types the C functions, `commands` does with them what the cable asks for, `child` is the
process they live in, `worker` watches that process, `mapping` turns windows and modes into the vendor's, `device`
is the near side of it all.
"""

"""The drop-in libqhyccd: a thin C library, and the engine behind it.

`exports` is the table of functions; `generate` and `build` make the library from it and from ``source/``; `wire`
and `shared` are the line between the two; `vendor_library` and `vendor_camera` answer as the vendor's library
does; `host` listens.
"""

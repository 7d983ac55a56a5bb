"""Burst: when do more frames help, and when do they hurt?

The middle of some images is moved by parts of an LR pixel and shrunk, as often as frames are wanted. Methods of several
frames super-resolve the one that is not moved: once with more and more frames whose shifts they are told, and once with
a fixed number of frames and shifts that are told wrongly, by more and more.

- :mod:`.study`: the points to be measured, and how each is
- :mod:`.record`: points as a file, from which a study goes on
- :mod:`.picture`: both curves
"""

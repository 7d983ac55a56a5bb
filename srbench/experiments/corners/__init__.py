"""Corners: one input, two equally right answers, and what five kinds of networks make of that.

The input is a digit, the target is that digit in one of two corners of a larger canvas: a super-resolution in
miniature, in which nothing is unknown but a coin. It is the toy problem of Pixel Recursive Super Resolution (Dahl,
Norouzi, Shlens 2017), on scikit-learn's digits instead of MNIST.

- :mod:`.task`: digits, canvas, corners
- :mod:`.closed_forms`: what the best network of each kind can reach
- :mod:`.scoring`: is an output one clean answer?
- :mod:`.model`, :mod:`.canvas`: what the networks share
- :mod:`.regression`, :mod:`.independent`, :mod:`.gan`, :mod:`.vae`, :mod:`.prior`: the networks
- :mod:`.study`: train them all, measure them all
- :mod:`.summary`: several studies in one table
- :mod:`.picture`: the grid of outputs
"""

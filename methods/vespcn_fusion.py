"""VESPCN without its spatial transformer: three frames, as they are, are fused at once.

Caballero et al., CVPR 2017 (arXiv:1611.05250), section 3.1, early fusion: what motion compensation is worth to
:mod:`srbench.methods.vespcn` is the difference between the two. Trunk, training and start are the same.
"""

from dataclasses import replace

from srbench.methods.vespcn import Vespcn


class VespcnFusion(Vespcn):
    card = replace(Vespcn.card, name="vespcn-fusion", title="VESPCN, early fusion alone")
    packed = ("body.",)
    compensated = False

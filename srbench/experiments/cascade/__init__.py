"""Cascade: what is gained by putting networks one after another, at equal cost?

Two questions. A small network in series, as in Wang et al.'s cascade of their sparse-coding networks (2015): is a chain
of two ESPCNs better than one larger ESPCN of as many multiply-adds? And the beginning of a deep network: VDSR adds what
it predicts to bicubic's image; is FSRCNN's image a better one to begin with?

- :mod:`.contestants`: what is compared, and what costs as much
- :mod:`.study`: one run, measured image by image
- :mod:`.record`, :mod:`.picture`: the numbers as JSON, and PSNR over multiply-adds
"""

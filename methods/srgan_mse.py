"""SRGAN-MSE: SRGAN with the MSE of pixels as its content loss, a row of the SRGAN paper's tables.

Ledig et al., CVPR 2017 (arXiv:1609.04802), section 3.4. It needs no features, so nothing but a recipe differs from
:mod:`srbench.methods.srgan`. The discriminator sees shifted images; it did not yet when the weights beside this file
were trained. The paper's images are in [-1, 1], where squares are four times those of [0, 1].
"""

from dataclasses import replace

from srbench.methods.srgan import Srgan
from srbench.methods.srresnet import WIDTH
from srbench.training import published


class SrganMse(Srgan):
    card = replace(
        Srgan.card,
        name="srgan-mse",
        title=f"SRGAN-MSE, {WIDTH} channels, weight x3, D 16",
        size=f"16 blocks, {WIDTH} channels, discriminator of 16, adversarial weight 3e-3",
        published=published(
            "SRGAN paper (arXiv:1609.04802), Table 1",
            {"set5": ((4, 30.64, None),), "set14": ((4, 26.92, None),)},
            size="16 blocks, 64 channels, discriminator of 64, adversarial weight 1e-3",
            images="ImageNet",
            protocol="srgan",
        )
        + published(
            "4PP-EUSR README (arXiv:1809.04789), the authors' images",
            {"bsd100": ((4, 25.981, 0.643),)},
            size="16 blocks, 64 channels, discriminator of 64, adversarial weight 1e-3",
            images="ImageNet",
        ),
    )
    recipe = replace(
        Srgan.recipe,
        steps=200_000,
        loss=(("l2", 4.0), ("adversarial", 1e-3)),
        feature_shift=0,
        feature_doubled=0.0,
        clip_norm=None,
    )
    recipes = {}  # noqa: RUF012

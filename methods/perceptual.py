"""A feed-forward network trained on a perceptual loss: to come near HR images in the features of another network.

Johnson, Alahi, Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016
(arXiv:1603.08155). The paper's idea with another network than its own: the generator is SRResNet's, whose weights the
training starts from, so that the loss is all that differs from ``srresnet``. That is the row SRResNet-VGG22 of the
SRGAN paper (Ledig et al., CVPR 2017), which the published numbers are of. Johnson's network has transposed
convolutions of stride 1/2; sub-pixel convolutions that start as interpolation take their place against checkerboards.

The weights beside this file were trained on features of SqueezeNet. Its first convolution has stride 2 and next to no
response to patterns of period 2, so that a network trained through it is free to paint a fine grid. Therefore SR and HR
are shifted at random before the features, in half of the steps they are enlarged twice, and a pixel loss stands beside
(:mod:`srbench.training.views`). The metric ``lpips-squeeze``, whose first three layers are those of the loss, is no
judge of this method. Recipe ``vgg22`` is for those who have VGG-19's weights. Recipe ``texture`` adds the Gram matrices
of the same features: the paper's style loss (section 3.2), which it has for style transfer alone. Batch statistics are
SRResNet's to the end.
"""

from dataclasses import replace
from typing import ClassVar

from srbench.method import MethodCard
from srbench.methods.srresnet import WIDTH, Srresnet
from srbench.training import Recipe, published


class Perceptual(Srresnet):
    card = MethodCard(
        name="perceptual",
        title="SRResNet-Squeeze, perceptual loss",
        year=2016,
        family="cnn, perceptual loss",
        paper="Johnson, Alahi, Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, "
        "ECCV 2016; the network of SRResNet (Ledig et al., CVPR 2017)",
        url="https://arxiv.org/abs/1603.08155",
        colour="rgb",
        scales=(4,),
        size=f"16 blocks, {WIDTH} channels, SqueezeNet's features",
        published=published(
            "SRGAN paper (arXiv:1609.04802), Table 1 (SRResNet-VGG22)",
            {"set5": ((4, 30.51, None),), "set14": ((4, 27.19, None),)},
            size="16 blocks, 64 channels, VGG-19's features",
            images="ImageNet",
            protocol="srgan",
        )
        + published(
            "4PP-EUSR README (arXiv:1809.04789), the authors' images of SRResNet-VGG22",
            {"bsd100": ((4, 26.322, 0.694),)},
            size="16 blocks, 64 channels, VGG-19's features",
            images="ImageNet",
        ),
    )
    recipe = Recipe(
        steps=40_000,
        batch=16,
        patch=96,
        loss=(("squeeze", 1.0), ("l1", 1.0)),
        feature_shift=7,
        feature_doubled=0.5,
        learning_rate=1e-4,
        final_rate=1e-6,
        clip_norm=1.0,
    )
    recipes: ClassVar = {
        "vgg22": replace(
            recipe,
            steps=200_000,
            loss=(("vgg22", 1.0), ("tv", 2e-8)),
            feature_shift=0,
            feature_doubled=0.0,
            clip_norm=None,
        ),
        # The gradient of the added loss is about as large as that of the features themselves.
        "texture": replace(recipe, loss=(*recipe.loss, ("texture", 2.0))),
    }
    starts_from = "srresnet"
    frozen_from = 0.0

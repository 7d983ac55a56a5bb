"""Other people's checkpoints as they are published: which network each is of.

Their values are held in tests/methods/test_foreign_checkpoints.py and tests/cli/test_reproduce.py.
"""

import pytest

from srbench.method import plugins

# What spandrel and its dependencies warn of on import is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")

NETWORKS = {  # file: the network, its scales, its size, how its tensors are known
    "VDSR_Official.mat": ("vdsr", (2, 3, 4), "20 layers, 64 channels, biases", "by order and shape"),
    "vdsr_retrained.safetensors": ("vdsr", (2, 3, 4), "20 layers, 64 channels", "by order and shape"),
    "BSRN_x4.pth": ("bsrn", (4,), "8 blocks, 64 channels", "by name"),
    "SMFANet_DF2K_x4.pth": ("smfanet", (4,), "8 blocks, 36 channels", "by name"),
    "rlfn_x4.pth": ("rlfn", (4,), "6 blocks, 52 channels", "by name"),
    "carn_m.pth": ("carn", (2, 3, 4), "64 channels in 4 groups, shared blocks", "by name"),
}


@pytest.mark.parametrize("file", NETWORKS)
def test_the_network_of_a_file_is_known_by_its_tensors(real_checkpoints, file):
    network, scales, size, how = NETWORKS[file]
    path = real_checkpoints / file
    named, known = (plugins.find(spec)[0] for spec in (f"{network}={path}", str(path)))
    assert (named.name, known.name) == (f"{network}:{path.stem}", path.stem)
    method = plugins.instantiate(known)
    assert (method.card.scales, method.card.size) == (scales, size)
    assert plugins.identity(known, method) == plugins.identity(named, plugins.instantiate(named))
    method.module(scales[-1])
    (audit,) = method.load_audits()
    assert audit.complete
    assert audit.how.startswith(how)

"""Bring datasets and weights from the network: resumed, unpacked safely, checked before anything is installed."""

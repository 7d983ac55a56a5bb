"""The parts of docs/scripts/on_a_gpu.py; each runs as a process of its own."""

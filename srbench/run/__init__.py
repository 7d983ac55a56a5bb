"""Run all cells of a plan and store every score."""

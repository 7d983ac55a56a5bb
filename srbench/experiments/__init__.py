"""Small studies that show why something is so, each run by ``srbench experiment NAME``."""

from srbench.roots import search_path

__path__ = search_path("methods")

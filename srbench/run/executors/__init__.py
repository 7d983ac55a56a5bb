"""Where cells are computed: in this process, on forked workers."""

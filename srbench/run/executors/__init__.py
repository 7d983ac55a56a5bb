"""Where cells are computed: in threads of this process, in other processes."""

"""Runtime: machine code is linked, cached on disk, and run in threads."""

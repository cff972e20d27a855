"""Runtime: machine code is linked, kept on disk, and run in threads."""

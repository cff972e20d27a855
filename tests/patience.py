"""How long tests wait for what must come: so long that only what hangs is given up, however busy the machine is."""

PATIENCE = 600  # seconds

"""Who serves: bodies, workers and rosters, households, and what each role may see and do."""

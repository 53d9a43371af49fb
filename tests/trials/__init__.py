"""Long trials, run by `./run trials` where they were left off; a sample of each is in the ordinary suite."""

"""Leased jobs: whoever takes one holds it for a while and says so again; whoever dies loses it. SQL is in the store."""

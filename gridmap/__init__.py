"""Grid management for a county: cells, the people who serve them, and what residents report."""

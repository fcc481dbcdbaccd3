"""A run and its jobs: order, processes, records, what is kept and what is done again."""

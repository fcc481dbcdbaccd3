"""What the DAGs beside this package share; nothing of it imports Spark or a trainer's library."""

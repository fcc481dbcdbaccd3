"""What a table's columns are probably for, and why."""

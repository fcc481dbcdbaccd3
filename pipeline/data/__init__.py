"""From a source to a prepared table: roles checked, rows identified, splits assigned."""

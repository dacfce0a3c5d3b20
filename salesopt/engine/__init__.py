"""Tables larger than memory: the same grouped sums on DuckDB or on a Spark session."""

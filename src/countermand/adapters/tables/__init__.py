"""Files of operations: a mapping says which column is what; Parquet and CSV are read by pyarrow."""

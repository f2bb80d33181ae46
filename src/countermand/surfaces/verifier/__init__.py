"""The stand-alone verifier: made of the log's rules alone, so that it can be read in an afternoon."""

"""Operations race containments of every measure: nothing passes once what stops it was acknowledged."""

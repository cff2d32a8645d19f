"""Contract model in, the text of every emitted file out."""

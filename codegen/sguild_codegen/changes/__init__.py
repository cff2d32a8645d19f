"""What a change of contracts means: two states of them in, findings about who breaks out."""

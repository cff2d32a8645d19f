"""Reads event contracts and writes typed Pydantic events, publishers and subscribers."""

"""The front door: contracts are input from a pull request, hostile until read; what is unsafe is refused."""

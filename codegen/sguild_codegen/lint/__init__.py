"""What is unwise in the contracts, even where nothing breaks; one family of checks a module."""

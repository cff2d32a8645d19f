"""The contracts as frozen, typed values; nothing raw goes past this point except JSON instance values."""

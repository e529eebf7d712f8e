"""The rules that messages share: who may be told, when, where, on which channel, and who is left out to compare."""

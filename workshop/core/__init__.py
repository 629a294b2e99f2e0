"""The lowest floor: what every other room may use, and which uses none of them. Standard library only."""

"""The lowest floor: what every other room may use and uses none of them. Standard library only but for `serving`."""

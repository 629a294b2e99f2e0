"""For who gives the workshop: back to the first state, a rehearsal of every live demo, packages on a stick."""

"""`workshop bench`: every figure the README quotes, in one run, on the machine it runs on.

    figures  a measured figure with its repeats, the machine it was measured on
    load     the load generator, a process of its own on raw sockets
    subject  one thing under test, in a process of its own: this project's offline cloud, or another emulator
    peers    what a reader might use instead, when it is installed
    whole    figures of the whole: from a cold process to an answer, the simulator, the notebooks
    report   the table, `benchmarks/results.md` and its plot

Each figure is a median of repeats after a warm-up, with the range that holds half of them. Tests never assert a time.
"""

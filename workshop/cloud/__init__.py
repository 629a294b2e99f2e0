"""Which cloud this kernel or command talks to (`switch`), what `connect()` returns (`clouds`), and the offline cloud
as a process (`up`).
"""

"""`workshop offline`: a service's API on localhost, edits live at the next request.

server.py   starts and stops it             routes.py   which function answers a path
app.py      one request, from in to out     live.py     what changed since the last request, and putting it live
report.py   one line a request, with its duration and whether it was a cold start
"""

"""What a lesson needs besides the public vocabulary: the other side of its story, one module a lesson.

Each speaks HTTP to a third party, as its owner or its customer would. Nothing here is needed by a service.
"""

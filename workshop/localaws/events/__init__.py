"""Time and what happens because of it: the movable clock, schedules, rules, queues, topics and buckets as sources."""

"""Lambda's control plane: functions, versions, aliases, layers, permissions, URLs and what belongs to them.

Ours rather than moto's, because what an environment runs with comes from here: names, limits and messages follow
https://docs.aws.amazon.com/lambda/latest/api/welcome.html.
"""

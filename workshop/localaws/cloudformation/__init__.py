"""CloudFormation: templates become ordered calls of the other services' public APIs, as on AWS.

Ours rather than moto's: every resource handler is a few API calls, so update, replacement, rollback and deletion follow
AWS's rules, and whatever a stack made it can also remove. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/
"""

"""The workshop on the reader's own AWS account: who am I, may I, what will be made and cost, whose is it, clean up.

Knows boto3 and the deploy tool, and no emulator. Where names carry a suffix (`names`), everything that the workshop
makes is told apart from what others make in the same account, by its name and by the tag `workshop`.
"""

"""Who may do what: credentials of roles, policy evaluation, AWS's messages."""

from workshop.localaws.iam.access import Iam
from workshop.localaws.iam.policy import may_invoke
from workshop.localaws.iam.principals import Credentials, Principal

__all__ = ["Credentials", "Iam", "Principal", "may_invoke"]

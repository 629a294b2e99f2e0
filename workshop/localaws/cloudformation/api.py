"""CloudFormation's API: query requests in, XML out, in AWS's shapes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from workshop.localaws.cloudformation import operations
from workshop.localaws.cloudformation.service import Stacks
from workshop.localaws.cloudformation.template import invalid
from workshop.localaws.faults import AwsError, answer
from workshop.localaws.http import Request, Response
from workshop.localaws.moto import query

log = logging.getLogger(__name__)


def door(stacks: Stacks) -> Callable[[Request], Response]:
    """What answers CloudFormation's requests."""

    def call(request: Request) -> Response:
        name = request.operation
        operation = operations.TABLE.get(name)
        try:
            if operation is None:
                raise AwsError("InvalidAction", f"CloudFormation's {name or 'operation'} is not available offline.")
            given = query.read(request, "cloudformation", name)
            return query.write("cloudformation", name, operation(stacks, request.region, given))
        except AwsError as error:
            return answer(request, error)
        except RecursionError:
            return answer(request, invalid("Template format error: the template is nested too deeply."))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            log.debug("%s could not be read", name, exc_info=True)
            return answer(request, invalid(f"The request or its template has a part of an unexpected form: {error}"))

    return call

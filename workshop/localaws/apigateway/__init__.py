"""API Gateway's data plane: REST APIs, HTTP APIs and function URLs turn HTTP into events and answers into HTTP."""

from workshop.localaws.apigateway.gateway import ApiGateway

__all__ = ["ApiGateway"]

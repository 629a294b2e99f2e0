"""API keys and usage plans of a REST API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

from workshop.serverless import naming
from workshop.serverless.template.build import Template


def add(template: Template, deployment: str) -> None:
    """Adds the keys that `provider.apiGateway.apiKeys` names, and the plan that limits them."""
    service = template.service
    settings = service.provider.get("apiGateway") or {}
    keys, plan = settings.get("apiKeys") or [], settings.get("usagePlan")
    if not keys and not plan:
        return
    api, stage = naming.ref(naming.REST_API), service.stage
    for number, key in enumerate(keys, 1):
        given = key if isinstance(key, dict) else {"name": key}
        template.add(
            f"ApiGatewayApiKey{number}",
            "AWS::ApiGateway::ApiKey",
            {
                "Enabled": given.get("enabled", True),
                "Name": given.get("name"),
                "Value": given.get("value"),
                "Description": given.get("description"),
                "StageKeys": [{"RestApiId": api, "StageName": stage}],
            },
            DependsOn=deployment,
        )
    plan = plan or {}
    quota, throttle = plan.get("quota"), plan.get("throttle")
    template.add(
        "ApiGatewayUsagePlan",
        "AWS::ApiGateway::UsagePlan",
        {
            "ApiStages": [{"ApiId": api, "Stage": stage}],
            "Description": f"Usage plan for {service.name} {stage} stage",
            "UsagePlanName": f"{service.name}-{stage}",
            "Quota": {naming.capital(name): value for name, value in quota.items()} if quota else None,
            "Throttle": {naming.capital(name): value for name, value in throttle.items()} if throttle else None,
        },
        DependsOn=deployment,
    )
    for number in range(1, len(keys) + 1):
        template.add(
            f"ApiGatewayUsagePlanKey{number}",
            "AWS::ApiGateway::UsagePlanKey",
            {
                "KeyId": naming.ref(f"ApiGatewayApiKey{number}"),
                "KeyType": "API_KEY",
                "UsagePlanId": naming.ref("ApiGatewayUsagePlan"),
            },
        )

"""AWS's prices for Europe (Ireland), eu-west-1, in US dollars before tax, each with its date and its source.

Where a price has the address of an edition of AWS's own price list, `as_of` is that edition's date. Where it has a
pricing page, the page carries no date: `as_of` is empty, which `price_list()` shows as "undated".
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html
"""

from __future__ import annotations

from dataclasses import dataclass

from workshop.core.errors import WorkshopError

REGION = "eu-west-1"
_LIST = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"
_LAMBDA_LIST = f"{_LIST}/AWSLambda/20261001184746/eu-west-1/index.json"
_API_LIST = f"{_LIST}/AmazonApiGateway/20261002231501/eu-west-1/index.json"
_LOGS_LIST = f"{_LIST}/AmazonCloudWatch/20260922021715/eu-west-1/index.json"
_ECS_LIST = f"{_LIST}/AmazonECS/20260911124425/eu-west-1/index.json"
_LAMBDA_PAGE = "https://aws.amazon.com/lambda/pricing/"
_API_PAGE = "https://aws.amazon.com/api-gateway/pricing/"
_EC2_PAGE = "https://aws.amazon.com/ec2/pricing/on-demand/"
_ALB_PAGE = "https://aws.amazon.com/elasticloadbalancing/pricing/"
_VPC_LIST = f"{_LIST}/AmazonVPC/20260917190528/eu-west-1/index.json"
_INF = float("inf")
_API_PAPER = (
    "https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/"
    "cost-optimization.html"
)


@dataclass(frozen=True)
class Price:
    """One price.

    `tiers` are (upper bound of the month's usage in `unit`, US dollars a unit), cheapest last; `free` is what each
    month leaves free for good (Lambda's free tier does not end; API Gateway's ends after twelve months and is not
    counted here).
    """

    name: str
    what: str
    unit: str
    tiers: tuple[tuple[float, float], ...]
    as_of: str
    source: str
    free: float = 0.0

    @property
    def usd(self) -> float:
        """Dollars for one unit in the first tier."""
        return self.tiers[0][1]

    def cost(self, quantity: float, *, free_tier: bool = False) -> float:
        """Dollars for a month's usage, tier by tier."""
        left = max(quantity - (self.free if free_tier else 0.0), 0.0)
        total, below = 0.0, 0.0
        for bound, usd in self.tiers:
            part = min(left, bound - below)
            total += part * usd
            left, below = left - part, bound
            if left <= 0:
                break
        return total


def _price(name: str, what: str, unit: str, usd: float, as_of: str, source: str, free: float = 0.0) -> Price:
    """A price without tiers."""
    return Price(name, what, unit, ((_INF, usd),), as_of, source, free)


_X86 = ((6e9, 0.0000166667), (15e9, 0.000015), (_INF, 0.0000133334))
_ARM = ((7.5e9, 0.0000133334), (18.75e9, 0.0000120001), (_INF, 0.0000106667))
_REST = ((333e6, 3.50e-6), (1000e6, 2.80e-6), (20_000e6, 2.38e-6), (_INF, 1.51e-6))
_HTTP = ((300e6, 1.11e-6), (_INF, 1.00e-6))
PRICES: tuple[Price, ...] = (
    _price("lambda.request", "Lambda requests", "request", 2e-7, "2026-10-01", _LAMBDA_LIST, free=1e6),
    Price("lambda.x86_64", "Lambda duration, x86", "GB-second", _X86, "2026-10-01", _LAMBDA_LIST, free=400_000),
    Price("lambda.arm64", "Lambda duration, Arm", "GB-second", _ARM, "", _LAMBDA_PAGE, free=400_000),
    _price("lambda.provisioned", "Provisioned concurrency, x86", "GB-second", 0.0000041667, "", _LAMBDA_PAGE),
    _price("lambda.provisioned_duration", "Duration on it, x86", "GB-second", 0.0000097222, "", _LAMBDA_PAGE),
    Price("api.rest", "API Gateway, REST API", "request", _REST, "", _API_PAPER),
    Price("api.http", "API Gateway, HTTP API", "request", _HTTP, "2026-10-02", _API_LIST),
    _price("logs.ingest", "CloudWatch Logs, taken in", "GB", 0.57, "2026-09-22", _LOGS_LIST, free=5),
    _price("logs.storage", "CloudWatch Logs, kept", "GB-month", 0.03, "2026-09-22", _LOGS_LIST, free=5),
    _price("ec2.t3.small", "EC2 t3.small (2 vCPU, 2 GB)", "hour", 0.0228, "", _EC2_PAGE),
    _price("fargate.vcpu", "Fargate vCPU", "hour", 0.04048, "2026-09-11", _ECS_LIST),
    _price("fargate.gb", "Fargate memory", "GB-hour", 0.004445, "2026-09-11", _ECS_LIST),
    _price("alb.hour", "Application Load Balancer", "hour", 0.0252, "", _ALB_PAGE),
    _price("ipv4.hour", "Public IPv4 address", "hour", 0.005, "2026-09-17", _VPC_LIST),
    # What the talk's listeners paid, for the claims of 2019. Duration was rounded up to 100 ms then.
    _price("2019.lambda.request", "Lambda requests (2019)", "request", 2e-7, "2019", _LAMBDA_PAGE, free=1e6),
    _price("2019.lambda.x86_64", "Lambda duration (2019)", "GB-second", 0.00001667, "2019", _LAMBDA_PAGE, free=400_000),
    Price("2019.api.rest", "API Gateway, REST API (2019)", "request", _REST, "2019", _API_PAGE),
)
_BY_NAME = {one.name: one for one in PRICES}


def price(name: str) -> Price:
    """A price by its name, such as `lambda.request`.

    Raises:
        WorkshopError: no such price.
    """
    if name not in _BY_NAME:
        raise WorkshopError(f"There is no price {name!r}.", fix=f"Known: {', '.join(_BY_NAME)}.", used_wrongly=True)
    return _BY_NAME[name]


def money(usd: float) -> str:
    """Dollars as a reader wants them: $7.03, $0.0000167, $1,234."""
    if usd == 0:
        return "$0.00"
    if abs(usd) >= 1000:
        return f"${usd:,.0f}"
    if abs(usd) >= 0.01:
        return f"${usd:.2f}"
    return f"${usd:.10f}".rstrip("0")


def _kind(source: str) -> str:
    if source.startswith(_LIST):
        return "price list"
    return "AWS whitepaper" if "whitepapers" in source else "pricing page"


def _exact(usd: float) -> str:
    """A price with all its digits, and two at least."""
    text = f"{usd:.10f}".rstrip("0")
    return f"${usd:.2f}" if len(text.partition(".")[2]) < 2 else f"${text}"


def price_list(prefix: str = "") -> object:
    """The price list as a table: what, dollars a unit, unit, free each month, date, source."""
    from workshop.show import Link, Table

    rows = []
    for one in PRICES:
        if one.name.startswith(prefix) and (prefix or not one.name.startswith("2019")):
            per, unit = (one.usd * 1e6, "million requests") if one.unit == "request" else (one.usd, one.unit)
            free = f"{one.free:,.0f}" if one.free else ""
            source = Link(_kind(one.source), one.source)
            rows.append((one.what, _exact(per), unit, free, one.as_of or "undated", source))
    heads = ["what", "price", "for each", "free a month", "as of", "source"]
    return Table(rows, heads, f"Prices in {REGION}, US dollars")

"""The talk's claims and their verdicts; figures a notebook measured are put in by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workshop.show.views import Table

# MADE.com's results for 2021: gross sales 434.0 million pounds, average order value 246 pounds. Their ratio is orders
# a year. https://www.sharesmagazine.co.uk/news/market/LSE20220308070007_4295224/Preliminary-Results
MADE_ORDERS_A_MONTH = 434.0e6 / 246 / 12


@dataclass(frozen=True)
class Claim:
    """One claim: the minute of the talk, its words, the verdict, and where to look."""

    minute: str
    said: str
    verdict: str
    why: str
    where: str
    key: str = ""  # the name under which a measured figure completes `why`


# Idle life, measured from outside: https://mikhail.io/2019/08/aws-lambda-cold-starts-after-10-minutes/
_SAID = """
01:35 | A million requests a month are free | true | for good; and 400,000 GB-seconds | price list |
03:00 | A new lambda in three commands | true | create, install, deploy | notebook 01 |
04:07 | First deploy about 90 s, later 30 s | was so | on AWS, CloudFormation's pace; here: {} | notebook 01 | deploy
06:32 | Deploy makes five things | true | and what binds them: stage, permission, policy | notebook 01 |
13:50 | API Gateway adds Content-Length | true | it buffers the body before the lambda runs | notebook 05 |
19:20 | Layers make deploys quicker | true | less to upload when only your code changed | notebook 07 |
22:05 | A payment service in about 40 lines | true | count them | notebook 08 |
25:40 | Cold about 2 s, warm under 1 s | shape true | here: {} | notebook 11 | cold
25:55 | Lambdas live about 40 minutes | was so | measured: 25 to 60 in June 2019, 10 in August | notebook 11 |
26:05 | 0.2 % of requests are cold | depends | on traffic and idle life; AWS says under 1 % | notebook 11 |
26:25 | Ten at once need ten instances | true | counted: {} | notebook 11 | ten
26:35 | Half of a burst may still be cold | can be more | one kept warm of ten: nine cold | notebook 11 |
27:05 | Seven dollars a further million | true | at 1,024 MB and 200 ms behind a REST API | this notebook |
"""
CLAIMS = tuple(Claim(*(part.strip() for part in line.split("|"))) for line in _SAID.strip().splitlines())


def claims(measured: Mapping[str, str] | None = None) -> Table:
    """Every claim of the talk with its verdict.

    Args:
        measured: figures by key (`deploy`, `cold`, `ten`), as text; those not given read "see there".
    """
    figures = measured or {}
    rows = []
    for one in CLAIMS:
        because = one.why.format(figures.get(one.key, "see there"))
        rows.append((one.minute, one.said, one.verdict, because, one.where))
    return Table(rows, ["at", "the talk says", "verdict", "because", "see"])

"""Stripe's test cards, row by row: every number and name that its documentation lists.

https://docs.stripe.com/testing (read in October 2026). A card that does something which the stand-in lacks is in
`MISSING`, with what it lacks.
"""

from __future__ import annotations

from workshop.partners.stripe.cards import (
    EXPIRED,
    FRAUDULENT,
    GENERIC,
    INCORRECT_CVC,
    INSUFFICIENT,
    LOST,
    PROCESSING,
    STOLEN,
    VELOCITY,
    TestCard,
)
from workshop.partners.stripe.cards import Decline as _Decline


def _declining(number: str, decline: _Decline, funding: str = "credit") -> TestCard:
    """A card that every bank's question ends badly for: it can't be saved either."""
    return TestCard(number, funding=funding, decline=decline, attaches=False)


# Names as in tok_<name> and pm_card_<name>.
BY_NAME: dict[str, TestCard] = {
    # By brand, https://docs.stripe.com/testing#cards
    "visa": TestCard("4242424242424242"),
    "visa_debit": TestCard("4000056655665556", funding="debit"),
    "mastercard": TestCard("5555555555554444", "mastercard"),
    "mastercard_debit": TestCard("5200828282828210", "mastercard", "debit"),
    "mastercard_prepaid": TestCard("5105105105105100", "mastercard", "prepaid"),
    "amex": TestCard("378282246310005", "amex"),
    "discover": TestCard("6011111111111117", "discover"),
    "diners": TestCard("3056930009020004", "diners"),
    "jcb": TestCard("3566002020360505", "jcb", country="JP"),
    "unionpay": TestCard("6200000000000005", "unionpay", country="CN"),
    # Two brands on one card
    "visa_cartesBancaires": TestCard("4000002500001001", country="FR", also="cartes_bancaires"),
    "mastercard_cartesBancaires": TestCard("5555552500001001", "mastercard", country="FR", also="cartes_bancaires"),
    "visa_debit_eftposAuCoBranded": TestCard("4000050360000001", funding="debit", country="AU", also="eftpos_au"),
    "mastercard_debit_eftposAuCoBranded": TestCard(
        "5555050360000080", "mastercard", "debit", country="AU", also="eftpos_au"
    ),
    # Health accounts, https://docs.stripe.com/testing#hsa-fsa-test-cards
    "debit_visaFsaProductCode": TestCard("4000051230000072", funding="debit"),
    "debit_visaHsaProductCode": TestCard("4000051230000072", funding="debit"),
    "mastercard_debit_mastercardFsaProductCode": TestCard("5200828282828897", "mastercard", "debit"),
    # Declines, https://docs.stripe.com/testing#declined-payments
    "visa_chargeDeclined": _declining("4000000000000002", GENERIC),
    "visa_chargeDeclinedInsufficientFunds": _declining("4000000000009995", INSUFFICIENT),
    "visa_debit_chargeDeclinedInsufficientFunds": _declining("4000000000009995", INSUFFICIENT, "debit"),
    "visa_chargeDeclinedLostCard": _declining("4000000000009987", LOST),
    "visa_chargeDeclinedStolenCard": _declining("4000000000009979", STOLEN),
    "visa_chargeDeclinedVelocityLimitExceeded": _declining("4000000000006975", VELOCITY),
    "chargeDeclinedExpiredCard": _declining("4000000000000069", EXPIRED),
    "chargeDeclinedIncorrectCvc": _declining("4000000000000127", INCORRECT_CVC),
    "chargeDeclinedProcessingError": _declining("4000000000000119", PROCESSING),
    "chargeDeclinedFraudulent": TestCard("4100000000000019", decline=FRAUDULENT, attaches=False, risk="blocked"),
    "chargeCustomerFail": TestCard("4000000000000341", decline=GENERIC),
    "visa_chargeCustomerFailLostCard": TestCard("4000000000000341", decline=LOST),
    "visa_chargeCustomerFailStolenCard": TestCard("4000000000000341", decline=STOLEN),
    # Radar with its first settings, https://docs.stripe.com/testing#fraud-prevention
    "riskLevelElevated": TestCard("4000000000009235", risk="elevated"),
    "riskLevelHighest": TestCard("4000000000004954", risk="highest"),
    "highFraudDisputeScore": TestCard("4000008400000407"),
    "highEfwScore": TestCard("4000008400000159"),
    "radarDynamicRiskThreshold": TestCard("4000008400001017"),
    "adaptive3dsChallenge": TestCard("4000008405600003"),
    "cvcCheckFail": TestCard("4000000000000101", checks=(("cvc_check", "fail"),)),
    "cvcCheckFailElevatedRisk": TestCard("4000058400307872", risk="elevated", checks=(("cvc_check", "fail"),)),
    "avsFail": TestCard(
        "4000000000000010", checks=(("address_line1_check", "fail"), ("address_postal_code_check", "fail"))
    ),
    "avsLine1Fail": TestCard("4000000000000028", checks=(("address_line1_check", "fail"),)),
    "avsZipFail": TestCard("4000000000000036", checks=(("address_postal_code_check", "fail"),)),
    "avsZipFailElevatedRisk": TestCard(
        "4000058400306072", risk="elevated", checks=(("address_postal_code_check", "fail"),)
    ),
    "avsUnchecked": TestCard(
        "4000000000000044",
        checks=(("address_line1_check", "unavailable"), ("address_postal_code_check", "unavailable")),
    ),
    # Disputes, https://docs.stripe.com/testing#disputes. The last three are disputed where an account is not enrolled
    # in Dispute Resolution or Deflection, which the stand-in's account is not.
    "createDispute": TestCard("4000000000000259", dispute="fraudulent"),
    "createDisputeProductNotReceived": TestCard("4000000000002685", dispute="product_not_received"),
    "createDisputeInquiry": TestCard("4000000000001976", dispute="inquiry"),
    "createIssuerFraudRecord": TestCard("4000000000005423", dispute="warning"),
    "createMultipleDisputes": TestCard("4000000404000079", dispute="multiple"),
    "createCe3EligibleDispute": TestCard("4000000404000038", dispute="fraudulent"),
    "createComplianceDispute": TestCard("4000008400000779", dispute="noncompliant"),
    "createMastercardComplianceDispute": TestCard("5105008400000002", "mastercard", dispute="noncompliant"),
    "createAutoRepresentmentEligibleDispute": TestCard("4000000001000043", dispute="fraudulent"),
    "createRapidDisputeResolutionDispute": TestCard("4000000404004816", dispute="fraudulent"),
    "createCe3BlockDispute": TestCard("4000000404005649", dispute="fraudulent"),
    "createEthocaAlert": TestCard("5105000300000018", "mastercard", dispute="fraudulent"),
    # Refunds, https://docs.stripe.com/testing#refunds
    "pendingRefund": TestCard("4000000000007726", refund="pending"),
    "refundFail": TestCard("4000000000005126", refund="failed"),
    # Money that is available at once, https://docs.stripe.com/testing#available-balance
    "bypassPending": TestCard("4000000000000077", available=True),
    "bypassPendingInternational": TestCard("4000003720000278", country="IE", available=True),
    # 3-D Secure, https://docs.stripe.com/testing#regulatory-cards
    "threeDSecure2Required": TestCard("4000000000003220", country="IE", authentication="always"),
    "threeDSecureRequired": TestCard("4000000000003063", authentication="always"),
    "threeDSecureOptional": TestCard("4000000000003055", authentication="on_request"),
    "threeDSecureRequiredProcessingError": TestCard("4000008400001280", authentication="fails"),
    "threeDSecureOptionalProcessingError": TestCard("4000000000003097", authentication="on_request_fails"),
    "amex_threeDSecureNotSupported": TestCard("378282246310005", "amex"),
    "authenticationRequired": TestCard("4000002760003184", country="DE", authentication="always"),
    "authenticationRequiredOnSetup": TestCard("4000002500003155", country="FR", authentication="unless_set_up"),
    "authenticationRequiredSetupForOffSession": TestCard("4000003800000446", country="IT", authentication="set_up"),
    "threeDSecureRequiredChargeDeclined": TestCard(
        "4000008400001629", decline=GENERIC, attaches=False, authentication="always"
    ),
    "authenticationRequiredChargeDeclinedInsufficientFunds": TestCard(
        "4000008260003178", country="GB", decline=INSUFFICIENT, authentication="always"
    ),
}
# By country, https://docs.stripe.com/testing#international-cards
_COUNTRIES = """
us 4242424242424242  ar 4000000320000021  br 4000000760000002  ca 4000001240000000  cl 4000001520000001
co 4000001700000003  cr 4000001880000005  ec 4000002180000000  mx 4000004840008001  pa 4000005910000000
py 4000006000000066  pe 4000006040000068  uy 4000008580000003  ae 4000007840000001  at 4000000400000008
be 4000000560000004  bg 4000001000000000  by 4000001120000005  hr 4000001910000009  cy 4000001960000008
cz 4000002030000002  dk 4000002080000001  ee 4000002330000009  fi 4000002460000001  fr 4000002500000003
de 4000002760000016  gi 4000002920000005  gr 4000003000000030  hu 4000003480000005  ie 4000003720000005
it 4000003800000008  lv 4000004280000005  li 4000004380000004  lt 4000004400000000  lu 4000004420000006
mt 4000004700000007  nl 4000005280000002  no 4000005780000007  pl 4000006160000005  pt 4000006200000007
ro 4000006420000001  sa 4000006820000007  si 4000007050000006  sk 4000007030000001  es 4000007240000007
se 4000007520000008  ch 4000007560000009  gb 4000008260000000  au 4000000360000006  cn 4000001560000002
hk 4000003440000004  in 4000003560000008  jp 4000003920000003  my 4000004580000002  nz 4000005540000008
sg 4000007020000003  tw 4000001580000008  th_credit 4000007640000003
"""
_words = _COUNTRIES.split()
BY_NAME |= {
    name: TestCard(number, country=name[:2].upper()) for name, number in zip(_words[::2], _words[1::2], strict=True)
}
BY_NAME |= {
    "ae_mastercard": TestCard("5200007840000022", "mastercard", country="AE"),
    "gb_debit": TestCard("4000058260000005", funding="debit", country="GB"),
    "gb_mastercard": TestCard("5555558265554449", "mastercard", country="GB"),
    "th_debit": TestCard("4000057640000008", funding="debit", country="TH"),
}
# Older names of the same cards, and the other form of some.
for _name, _same in {
    "chargeDeclined": "visa_chargeDeclined",
    "chargeDeclinedInsufficientFunds": "visa_chargeDeclinedInsufficientFunds",
    "chargeDeclinedLostCard": "visa_chargeDeclinedLostCard",
    "chargeDeclinedStolenCard": "visa_chargeDeclinedStolenCard",
    "chargeDeclinedVelocityLimitExceeded": "visa_chargeDeclinedVelocityLimitExceeded",
    "visa_chargeCustomerFail": "chargeCustomerFail",
    "radarBlock": "chargeDeclinedFraudulent",
    "visa_chargeDeclinedFraudulent": "chargeDeclinedFraudulent",
    "visa_chargeDeclinedExpiredCard": "chargeDeclinedExpiredCard",
    "visa_chargeDeclinedIncorrectCvc": "chargeDeclinedIncorrectCvc",
    "visa_chargeDeclinedProcessingError": "chargeDeclinedProcessingError",
}.items():
    BY_NAME[_name] = BY_NAME[_same]

# A number that several names share is the card of the first of them.
BY_NUMBER: dict[str, TestCard] = {card.number: card for card in reversed(BY_NAME.values())} | {
    card.number: card
    for card in (
        TestCard("4012888888881881"),
        TestCard("2223003122003222", "mastercard"),
        TestCard("371449635398431", "amex"),
        TestCard("6011000990139424", "discover"),
        TestCard("6011981111111113", "discover", "debit"),
        TestCard("36227206271667", "diners"),
        TestCard("3530111333300000", "jcb", country="JP"),
        TestCard("6200000000000047", "unionpay", "debit", "CN"),
        TestCard("6205500000000000004", "unionpay", country="CN"),
        TestCard("4000008400000027", authentication="always"),
        TestCard("4000000032200000", authentication="frictionless"),
        # Flows of an app on a phone; anywhere else they ask as others do.
        *(TestCard(f"4000582600000{last}", authentication="always") for last in ("094", "045", "102", "110")),
    )
}

# Test cards of Stripe's that the stand-in does not do, by number or name, with what they need.
MISSING = {
    "5062210000000009": "the card brand Carnet",
    "6555900000604105": "the card brands BCcard and DinaCard",
    "4000000000001208": "captchas",
    "4000000000003725": "captchas",
    **dict.fromkeys(("4001007020000002", "4000008260000075", "4001000360000005", "4000002760000008"), "card readers"),
    **dict.fromkeys(("offline_pin_cvm", "offline_pin_sca_retry", "online_pin_cvm", "online_pin_sca_retry"), "readers"),
}

"""What Stripe's API has besides payments by card: known by name, so that a call to it is refused with a sentence.

https://docs.stripe.com/api
"""

from __future__ import annotations

_RESOURCES = (
    "account account_links account_sessions accounts apple_pay application_fees apps balance balance_settings billing "
    "billing_portal checkout climate confirmation_tokens country_specs coupons credit_notes customer_sessions disputes "
    "entitlements ephemeral_keys exchange_rates file_links files financial_connections forwarding identity "
    "invoice_payments invoice_rendering_templates invoiceitems invoices issuing mandates payment_attempt_records "
    "payment_links payment_method_configurations payment_method_domains payment_records payouts plans prices products "
    "promotion_codes quotes radar reporting reviews setup_attempts setup_intents shipping_rates sigma sources "
    "subscription_items subscription_schedules subscriptions tax tax_codes tax_ids tax_rates terminal test_helpers "
    "topups transfers treasury"
)
# Below the resources that the stand-in does have.
_PARTS = (
    "amount_details_line_items apply_customer_balance balance_transactions bank_accounts cards cash_balance "
    "cash_balance_transactions discount dispute funding_instructions increment_authorization refunds sources "
    "subscriptions tax_ids verify_microdeposits"
)
RESOURCES, PARTS = frozenset(_RESOURCES.split()), frozenset(_PARTS.split())


def knows(path: str) -> bool:
    """Whether Stripe has something at an address that the stand-in has nothing at."""
    steps = path.strip("/").split("/")
    if steps[0] == "v2":
        return len(steps) > 1
    return steps[0] == "v1" and len(steps) > 1 and (steps[1] in RESOURCES or bool(PARTS & set(steps[3:4])))

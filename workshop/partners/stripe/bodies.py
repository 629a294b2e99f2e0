"""Response bodies: every object as the API shows it when it is new.

https://docs.stripe.com/api/charges/object and the `object` page of each other resource.
"""

from __future__ import annotations

from typing import Any

from workshop.partners.stripe.cards import TestCard
from workshop.partners.stripe.store import Object, Store

NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
NETWORKS = {"diners": "discover"}
SHOWN_BRANDS = {
    "visa": "Visa",
    "mastercard": "MasterCard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


def billing(given: Object | None = None) -> Object:
    """Billing details with all their fields."""
    given = given or {}
    address = NO_ADDRESS | {name: value or None for name, value in (given.get("address") or {}).items()}
    contact = {name: given.get(name) or None for name in ("email", "name", "phone")}
    return {"address": address, **contact, "tax_id": None}


def checks(card: TestCard, *, cvc: bool, address: Object) -> Object:
    """The results of the card network's checks: of what was given only."""
    results = dict(card.checks)
    return {
        "address_line1_check": results.get("address_line1_check", "pass") if address.get("line1") else None,
        "address_postal_code_check": (
            results.get("address_postal_code_check", "pass") if address.get("postal_code") else None
        ),
        "cvc_check": results.get("cvc_check", "pass") if cvc else None,
    }


def card_facts(card: TestCard, expiry: tuple[int, int], wallet: str | None) -> Object:
    """What payment methods and charges say of a card alike."""
    return {
        "brand": card.brand,
        "country": card.country,
        "exp_month": expiry[1],
        "exp_year": expiry[0],
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
        "wallet": {"type": wallet, wallet: {}, "dynamic_last4": card.last4} if wallet else None,
    }


def source_card(store: Store, card: TestCard, expiry: tuple[int, int], wallet: str | None, *, cvc: bool) -> Object:
    """A card as tokens and the Charges API show it (https://docs.stripe.com/api/cards/object)."""
    item = {
        "id": store.new_id("card"),
        "object": "card",
        **{f"address_{name}": None for name in ("city", "country", "line1", "line1_check", "line2", "state", "zip")},
        "address_zip_check": None,
        "brand": SHOWN_BRANDS[card.brand],
        "country": card.country,
        "customer": None,
        "cvc_check": checks(card, cvc=cvc, address={})["cvc_check"],
        "dynamic_last4": None,
        "exp_month": expiry[1],
        "exp_year": expiry[0],
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
        "metadata": {},
        "name": None,
        "tokenization_method": wallet,
    }
    store.of(item["id"]).update(card=card, expiry=expiry, wallet=wallet, cvc=cvc)
    return item


def token(store: Store, card: Object) -> Object:
    """A token for a card (https://docs.stripe.com/api/tokens/object)."""
    return {
        "id": store.new_id("token"),
        "object": "token",
        "card": card,
        "client_ip": "127.0.0.1",
        "created": store.now(),
        "livemode": False,
        "type": "card",
        "used": False,
    }


def payment_method(
    store: Store, card: TestCard, expiry: tuple[int, int], wallet: str | None, *, cvc: bool, details: Object | None
) -> Object:
    """A card as a payment method (https://docs.stripe.com/api/payment_methods/object)."""
    shown = billing(details)
    item = {
        "id": store.new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": shown,
        "card": {
            **card_facts(card, expiry, wallet),
            "checks": checks(card, cvc=cvc, address=shown["address"]),
            "display_brand": card.brand,
            "generated_from": None,
            "networks": {"available": [card.also, card.brand] if card.also else [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": card.brand != "unionpay"},
        },
        "created": store.now(),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    store.of(item["id"]).update(card=card, expiry=expiry, wallet=wallet, cvc=cvc)
    return item


def charge(store: Store, *, generation: str, amount: int, currency: str) -> Object:
    """A charge before the card was asked."""
    identifier = store.new_id("charge", generation)
    nothing = (
        "application application_fee application_fee_amount balance_transaction customer description "
        "failure_balance_transaction failure_code failure_message on_behalf_of payment_intent receipt_email "
        "receipt_number receipt_url review shipping source source_transfer statement_descriptor "
        "statement_descriptor_suffix transfer_data transfer_group"
    )
    return {
        "id": identifier,
        "object": "charge",
        "amount": amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": billing(),
        "calculated_statement_descriptor": "WORKSHOP",
        "captured": False,
        "created": store.now(),
        "currency": currency,
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "outcome": None,
        "paid": False,
        "payment_method": None,
        "payment_method_details": None,
        "radar_options": {},
        "refunded": False,
        "status": "pending",
        **dict.fromkeys(nothing.split()),
    }


def charged_card(facts: dict[str, Any], *, address: Object, amount: int, authenticated: str) -> Object:
    """`payment_method_details` of a charge."""
    card: TestCard = facts["card"]
    secure = None
    if authenticated:
        failed = authenticated == "failed"
        secure = {
            "authentication_flow": None if failed else authenticated,
            "electronic_commerce_indicator": None if failed else "05",
            "exemption_indicator": None,
            "result": "processing_error" if failed else "authenticated",
            "result_reason": "protocol_error" if failed else None,
            "transaction_id": None,
            "version": "2.2.0",
        }
    return {
        "card": {
            "amount_authorized": amount,
            "authorization_code": None,
            **card_facts(card, facts["expiry"], facts["wallet"]),
            "checks": checks(card, cvc=facts["cvc"], address=address),
            "extended_authorization": {"status": "disabled"},
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": NETWORKS.get(card.brand, card.brand),
            "network_token": {"used": False},
            "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": secure,
        },
        "type": "card",
    }


def payment_intent(store: Store, *, amount: int, currency: str) -> Object:
    """A new payment intent (https://docs.stripe.com/api/payment_intents/object)."""
    identifier = store.new_id("payment_intent", "3")
    nothing = (
        "application application_fee_amount canceled_at cancellation_reason customer description "
        "last_payment_error latest_charge next_action on_behalf_of payment_method "
        "payment_method_configuration_details processing receipt_email review setup_future_usage shipping source "
        "statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
    )
    return {
        "id": identifier,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": None,
        "capture_method": "automatic_async",
        "client_secret": f"{identifier}_secret_{store.letters(25)}",
        "confirmation_method": "automatic",
        "created": store.now(),
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        **dict.fromkeys(nothing.split()),
    }


def customer(store: Store) -> Object:
    """A new customer (https://docs.stripe.com/api/customers/object)."""
    return {
        "id": store.new_id("customer"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": store.now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": store.letters(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }

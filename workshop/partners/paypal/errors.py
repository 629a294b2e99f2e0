"""PayPal's errors: a name for the status, and the issue that says what it was about.

https://developer.paypal.com/api/rest/responses/ · https://developer.paypal.com/docs/api/orders/v2/#errors
"""

from __future__ import annotations

from typing import Any

DOCS = "https://developer.paypal.com/docs/api"
NAMES = {
    400: ("INVALID_REQUEST", "Request is not well-formed, syntactically incorrect, or violates schema."),
    401: (
        "AUTHENTICATION_FAILURE",
        "Authentication failed due to missing authorization header, or invalid authentication credentials.",
    ),
    403: ("NOT_AUTHORIZED", "Authorization failed due to insufficient permissions."),
    404: ("RESOURCE_NOT_FOUND", "The specified resource does not exist."),
    405: ("METHOD_NOT_SUPPORTED", "The server does not implement the requested HTTP method."),
    409: ("RESOURCE_CONFLICT", "The server has detected a conflict while processing this request."),
    422: (
        "UNPROCESSABLE_ENTITY",
        "The requested action could not be performed, semantically incorrect, or failed business validation.",
    ),
    500: ("INTERNAL_SERVER_ERROR", "An internal server error occurred."),
}
# The issues the stand-in knows, with the description that PayPal's reference gives each.
ISSUES = {
    "AMOUNT_MISMATCH": (
        "Should equal item_total + tax_total + shipping + handling + insurance - shipping_discount - discount."
    ),
    "CANNOT_BE_ZERO_OR_NEGATIVE": (
        "Must be greater than zero. If the currency supports decimals, only two decimal place precision is supported."
    ),
    "CAPTURE_FULLY_REFUNDED": "The capture has already been fully refunded",
    "DECIMALS_NOT_SUPPORTED": (
        "Currency does not support decimals. Please refer to "
        "https://developer.paypal.com/docs/api/reference/currency-codes/ for more information."
    ),
    "DECIMAL_PRECISION": "If the currency supports decimals, only two decimal place precision is supported.",
    "DUPLICATE_INVOICE_ID": (
        "Duplicate Invoice ID detected. To avoid a potential duplicate transaction your account setting requires that "
        "Invoice Id be unique for each transaction."
    ),
    "DUPLICATE_REFERENCE_ID": "`reference_id` must be unique if multiple `purchase_unit` are provided.",
    "INSTRUMENT_DECLINED": (
        "The instrument presented  was either declined by the processor or bank, or it can't be used for this payment."
    ),
    "ITEM_TOTAL_MISMATCH": ("Should equal sum of (unit_amount * quantity) across all items for a given purchase_unit."),
    "ITEM_TOTAL_REQUIRED": (
        "If item details are specified (items.unit_amount and items.quantity) corresponding "
        "amount.breakdown.item_total is required."
    ),
    "INVALID_ARRAY_MAX_ITEMS": "The number of items in an array parameter is too large.",
    "INVALID_ARRAY_MIN_ITEMS": "The number of items in an array parameter is too small.",
    "INVALID_CURRENCY_CODE": (
        "Currency code is invalid or is not currently supported. Please refer "
        "https://developer.paypal.com/docs/api/reference/currency-codes/ for list of supported currency codes."
    ),
    "INVALID_PARAMETER_SYNTAX": "The value of a field does not conform to the expected format.",
    "INVALID_PARAMETER_VALUE": "The value of a field is invalid.",
    "INVALID_RESOURCE_ID": ("Specified resource ID does not exist. Please check the resource ID and try again."),
    "INVALID_STRING_LENGTH": "The value of a field is either too short or too long.",
    "MALFORMED_REQUEST_JSON": "The request JSON is not well formed.",
    "MAX_VALUE_EXCEEDED": "Should be less than or equal to 999999999999999.99.",
    "MISSING_REQUIRED_PARAMETER": "A required field / parameter is missing.",
    "MULTI_CURRENCY_ORDER": (
        "Multiple differing values of currency_code are not supported. Entire Order request must have the same "
        "currency_code."
    ),
    "NOT_SUPPORTED": "This field is not currently supported.",
    "ORDER_ALREADY_CAPTURED": "Order already captured.If 'intent=CAPTURE' only one capture per order is allowed.",
    "ORDER_NOT_APPROVED": (
        "Payer has not yet approved the Order for payment. Please redirect the payer to the 'rel':'approve' url "
        "returned as part of the HATEOAS links within the Create Order call or provide a valid `payment_source` in the "
        "request."
    ),
    "PAYER_CANNOT_PAY": (
        "Payer cannot pay for this transaction. Please contact the payer to find other ways to pay for this "
        "transaction."
    ),
    "PENDING_CAPTURE": (
        "Cannot initiate a refund as the capture is pending. Capture is typically pending when the payer has funded "
        "the transaction using e-check/bank funded."
    ),
    "PREVIOUS_REQUEST_IN_PROGRESS": (
        "A previous request on this resource is currently in progress. Please wait for sometime and try again. It is "
        "best to space out the initial and the subsequent request(s) to avoid receiving this error."
    ),
    "REFERENCE_ID_REQUIRED": (
        "'reference_id' is required for each 'purchase_unit' if multiple 'purchase_unit' are provided."
    ),
    "REFUND_AMOUNT_EXCEEDED": (
        "The refund amount must be less than or equal to the capture amount that has not yet been refunded."
    ),
    "REFUND_CAPTURE_CURRENCY_MISMATCH": "Refund must be in the same currency as the capture",
    "REFUND_NOT_ALLOWED": "Capture cannot be refunded.",
    "TAX_TOTAL_MISMATCH": "Should equal sum of (tax * quantity) across all items for a given purchase_unit.",
    "TAX_TOTAL_REQUIRED": (
        "If item details are specified (items.tax_total and items.quantity) corresponding "
        "amount.breakdown.tax_total is required."
    ),
    "TRANSACTION_REFUSED": "The request was refused.",
}

# Issues of webhooks, which PayPal's reference of orders and payments does not list.
# https://developer.paypal.com/docs/api/webhooks/v1/#errors
WEBHOOK_ISSUES = {
    "WEBHOOK_NUMBER_LIMIT_EXCEEDED": "The limit of ten webhooks was reached.",
    "WEBHOOK_URL_ALREADY_EXISTS": "This webhook URL already exists.",
}


class PayPalError(Exception):
    """An answer other than 2xx.

    Args:
        status: the HTTP status, one of `NAMES`.
        issue: what it was about, one of `ISSUES`; empty when the name says enough.
        field: where in the body, as a JSON pointer.
        value: the value found there.
        api: the reference that lists the issue: `orders` or `payments`.
    """

    def __init__(self, status: int, issue: str = "", *, field: str = "", value: str = "", api: str = "orders") -> None:
        super().__init__(issue or NAMES[status][0])
        self.status, self.issue, self.field, self.value, self.api = status, issue, field, value, api

    def body(self, debug_id: str) -> dict[str, Any]:
        """The JSON that PayPal sends. `debug_id` is the one in the headers."""
        return error_body(self.status, debug_id, self)


def error_body(status: int, debug_id: str, error: PayPalError | None = None) -> dict[str, Any]:
    """The body for a status, with the issue when there is one."""
    name, message = NAMES.get(status, NAMES[500] if status >= 500 else NAMES[400])
    body: dict[str, Any] = {"name": name, "message": message, "debug_id": debug_id}
    if error is None or not error.issue:
        return body | {"links": [{"href": f"{DOCS}/overview/#error", "rel": "information_link"}]}
    detail = {"issue": error.issue, "description": (ISSUES | WEBHOOK_ISSUES)[error.issue]}
    if error.field:
        detail = {"field": error.field, "location": "body", **detail}
    if error.value:
        detail["value"] = error.value[:100]
    link = {"href": f"{DOCS}/{error.api}/v2/#error-{error.issue}", "rel": "information_link", "method": "GET"}
    return body | {"details": [detail], "links": [link]}

"""Money: an amount in the currency's smallest unit, never a float."""

from dataclasses import dataclass

# https://www.iso.org/iso-4217-currency-codes.html: how many decimals, where it is not two.
NO_DECIMALS = {"JPY", "KRW", "VND", "CLP"}
THREE_DECIMALS = {"KWD", "BHD", "JOD", "OMR", "TND"}
CURRENCIES = {"GBP", "EUR", "USD", "CHF", "SEK"} | NO_DECIMALS | THREE_DECIMALS
LARGEST = 99_999_999


@dataclass(frozen=True)
class Money:
    """1999 GBP are £19.99, 1999 JPY are ¥1999, 1990 KWD are 1.990 dinars."""

    amount: int
    currency: str

    @classmethod
    def of(cls, given):
        """Money from a request's JSON. Raises ValueError with the reason."""
        if not isinstance(given, dict):
            raise ValueError('money is an object: {"amount": 1999, "currency": "GBP"}')
        amount, currency = given.get("amount"), given.get("currency")
        if type(amount) is not int or not 0 < amount <= LARGEST:
            raise ValueError(f"money.amount is a whole number from 1 to {LARGEST}, in the currency's smallest unit")
        if not isinstance(currency, str) or currency not in CURRENCIES:
            raise ValueError(f"money.currency is one of {', '.join(sorted(CURRENCIES))}")
        return cls(amount, currency)

    @classmethod
    def read(cls, text, currency):
        """Money from a decimal number as text: `text` read backwards. Nothing is rounded."""
        whole, _, rest = text.partition(".")
        places = cls(0, currency).decimals
        return cls(int(whole + rest[:places].ljust(places, "0")), currency)

    @property
    def decimals(self):
        return 0 if self.currency in NO_DECIMALS else 3 if self.currency in THREE_DECIMALS else 2

    @property
    def text(self):
        """The amount as a decimal number: 19.99, 1999, 1.990. Made from whole numbers, so nothing is rounded."""
        whole, rest = divmod(self.amount, 10**self.decimals)
        return f"{whole}.{rest:0{self.decimals}d}" if self.decimals else str(whole)

    def __str__(self):
        return f"{self.text} {self.currency}"

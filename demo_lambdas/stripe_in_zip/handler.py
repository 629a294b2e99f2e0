"""A function that needs a library: what does it matter where the library travels?"""

import stripe


def hello(event, context):
    return {"stripe": stripe.VERSION, "from": stripe.__file__.rpartition("/stripe/")[0]}

"""All that knows moto: importing it, calling it, what is changed in it, and reading its stores.

Nothing else in the project imports moto. See https://docs.getmoto.org.
"""

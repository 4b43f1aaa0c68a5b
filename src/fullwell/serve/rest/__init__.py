"""The door of the project's own: what a camera is doing, what is wrong with it, and troubles on request.

Its routes hang in the server of `fullwell serve`, behind the same guard as the Alpaca door.
"""
